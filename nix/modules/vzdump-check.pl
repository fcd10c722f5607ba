# Checks the lines of /etc/vzdump.conf (JSON) against upstream's backup schema; a wrong line fails
# the build.
use strict;
use warnings;

use JSON::PP;
use PVE::JSONSchema;
use PVE::VZDump::Common;

my $settings = JSON::PP->new->decode(do { local $/; <STDIN> });
my %known = %{ PVE::VZDump::Common::get_confdesc() };
# The selection of guests belongs to a backup job; upstream's reader of the file refuses it here
# too.
delete @known{qw(vmid)};
my @wrong;
for my $name (sort keys %$settings) {
    if (!$known{$name}) {
        push @wrong, "$name: no option of a backup; there are " . join(', ', sort keys %known);
        next;
    }
    my $schema = { type => 'object', properties => { $name => $known{$name} } };
    my $list = ($known{$name}->{type} // '') eq 'array';
    my $value = $list ? [$settings->{$name}] : $settings->{$name};
    next if eval { PVE::JSONSchema::validate({ $name => $value }, $schema); 1 };
    my $reason = ref($@) && $@->{errors} ? join('; ', values %{ $@->{errors} }) : "$@";
    $reason =~ s/\s+\z//;
    push @wrong, "$name: \"$settings->{$name}\": $reason";
}
die join('', map { "services.proxmox-ve.vzdump.$_\n" } @wrong) if @wrong;
