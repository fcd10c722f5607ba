package Hive::Guest::Setup::Base;

# What is done inside a container's root. Paths given to the ct_ methods are the guest's, and the
# host's Nix store is not there: they stay as they are.

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Path qw(make_path);

use Hive::Tools qw(file_get_contents file_set_contents run_command untaint);

sub new {
    my ($class, $rootdir, $conf) = @_;
    return bless { rootdir => untaint($rootdir), conf => $conf // {} }, $class;
}

sub ct_path {
    my ($self, $path) = @_;
    die "path '$path' is not absolute\n" if $path !~ m!^/!;
    die "path '$path' leaves the container\n" if $path =~ m!(?:^|/)\.\.(?:/|$)!;
    return "$self->{rootdir}$path";
}

sub ct_file_exists {
    my ($self, $path) = @_;
    my $full = $self->ct_path($path);
    return -e $full || -l $full;
}

sub ct_make_path {
    my ($self, $path) = @_;
    make_path($self->ct_path($path));
    return;
}

sub ct_symlink {
    my ($self, $target, $path) = @_;
    my $full = $self->ct_path($path);
    unlink($full);
    make_path(dirname($full));
    symlink($target, $full) or die "can't link '$full' - $!\n";
    return;
}

sub ct_file_get_contents {
    my ($self, $path) = @_;
    return file_get_contents($self->ct_path($path));
}

sub ct_file_set_contents {
    my ($self, $path, $data) = @_;
    my $full = $self->ct_path($path);
    make_path(dirname($full));
    return file_set_contents($full, $data);
}

sub set_hostname {
    my ($self) = @_;
    $self->ct_file_set_contents('/etc/hostname', "$self->{conf}->{hostname}\n");
    return;
}

sub set_timezone {
    my ($self) = @_;

    my $zone = untaint($self->{conf}->{timezone} // 'UTC');
    # The host's zones say whether the name is good, the guest's are linked to.
    die "no such zone '$zone'\n" if !-e "/usr/share/zoneinfo/$zone";
    $self->ct_symlink("/usr/share/zoneinfo/$zone", '/etc/localtime');
    return;
}

sub check_init {
    my ($self) = @_;
    for my $init ('/sbin/init', '/usr/lib/systemd/systemd') {
        return $init if $self->ct_file_exists($init);
    }
    die "no /sbin/init in the container\n";
}

# The program runs on the host, its last words name files of the guest.
sub remember_machine_id {
    my ($self) = @_;
    my $cmd = ['/usr/bin/systemd-machine-id-setup', "--root=$self->{rootdir}"];
    run_command($cmd, noerr => 1);
    return;
}

sub pre_start {
    my ($self) = @_;
    $self->check_init();
    $self->set_hostname();
    $self->set_timezone();
    $self->set_network();
    return;
}

sub set_network { return; }

1;
