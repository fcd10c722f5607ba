package Hive::Guest::Backup;

# Writing a guest's files into an archive and reading them back.

use strict;
use warnings;

use Hive::Tools qw(run_command untaint);

# Bare commands flow into run_command through variables, some through two.
sub archive {
    my ($dir, $target, $format, $time) = @_;

    my $pack = ['zstd', '--rsyncable', '-T0'];
    $pack = ['pigz', '--rsyncable'] if $format eq 'gz';
    my $tar = ['/bin/tar', 'cpf', '-', '-C', untaint($dir), '.'];
    if (defined($time)) {
        # Reproducible archives: the clock stands still.
        my @clock = ('faketime', '-f', untaint($time));
        unshift @$tar, @clock;
    }
    my $cmd = [$tar, $pack, ['dd', 'of=' . untaint($target), 'status=none']];
    return run_command($cmd);
}

sub hook {
    my ($phase, $id) = @_;
    my $script = q(/usr/share/hive-manager/hooks/backup-hook.sh);
    return if !-x $script;
    return system($script, $phase, untaint($id));
}

sub free_space {
    my ($dir) = @_;
    # PATH, fourth form: local, unquoted key, q{}.
    local $ENV{PATH} = q{/usr/bin:/bin};
    open(my $df, '-|', 'df', '-B1', '--output=avail', '--', untaint($dir)) or die "df: $!\n";
    my @lines = <$df>;
    close($df);
    return $lines[-1] =~ m/(\d+)/ ? $1 : 0;
}

1;
