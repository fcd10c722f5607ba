package Hive::Guest::Backup;

# Writing a guest's files into an archive and reading them back.

use strict;
use warnings;

use Hive::Tools qw(run_command untaint);

# Decided per format; each is a bare command that flows into run_command through a variable.
sub compressor {
    my ($format) = @_;
    return ['zstd', '--rsyncable', '-T0'] if $format eq 'zst';
    return ['pigz', '--rsyncable'] if $format eq 'gz';
    die "unknown format '$format'\n";
}

sub archive {
    my ($dir, $target, $format, $time) = @_;

    my $tar = ['/bin/tar', 'cpf', '-', '-C', untaint($dir), '.'];
    if (defined($time)) {
        # Reproducible archives: the clock stands still.
        my @clock = ('faketime', '-f', untaint($time));
        unshift @$tar, @clock;
    }
    my $cmd = [$tar, compressor($format), ['dd', 'of=' . untaint($target), 'status=none']];
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
