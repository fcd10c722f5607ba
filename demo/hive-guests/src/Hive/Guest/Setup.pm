package Hive::Guest::Setup;

# Finds out what runs in a container and gives the plugin that prepares it.

use strict;
use warnings;

use Hive::Guest::Setup::Base;
use Hive::Guest::Setup::Debian;
use Hive::Guest::Setup::SUSE;

my $plugins = {
    debian => 'Hive::Guest::Setup::Debian',
    suse => 'Hive::Guest::Setup::SUSE',
};

sub detect {
    my ($rootdir) = @_;

    my $base = Hive::Guest::Setup::Base->new($rootdir);
    return 'suse' if $base->ct_file_exists('/etc/SUSE-brand');
    # Below the container's root: joined to another path it is no path of the host.
    return 'debian' if -x "$rootdir/usr/bin/dpkg";
    return 'unmanaged';
}

sub new {
    my ($class, $conf, $rootdir, $type) = @_;

    $type //= detect($rootdir);
    my $plugin = $plugins->{$type} // 'Hive::Guest::Setup::Base';
    return $plugin->new($rootdir, $conf);
}

1;
