package Hive::Access;

# Who may sign in: the users of this machine, by a PAM service of the hive's own.

use strict;
use warnings;

# Dies if the password is not the user's, or the user may not sign in.
sub check_password {
    my ($user, $password) = @_;

    # Loaded when needed: it is compiled, and does not come with Perl.
    require Authen::PAM;
    my $ok = Authen::PAM::PAM_SUCCESS();
    # PAM asks in pairs of a kind and a text, and is answered in pairs of a status and a text.
    my $answer = sub { return ((map { ($ok, $password) } 1 .. @_ / 2), $ok); };
    my $pam = Authen::PAM->new('hive', $user, $answer);
    die "PAM does not start: error $pam\n" if !ref($pam);
    for my $step (qw(pam_authenticate pam_acct_mgmt)) {
        my $result = $pam->$step(0);
        die $pam->pam_strerror($result), "\n" if $result != $ok;
    }
    return 1;
}

1;
