# shellcheck shell=bash disable=SC2154
#
# What a lease says of names goes to resolvconf where NixOS has it: /etc/resolv.conf is its own.
resolvconf=/run/current-system/sw/bin/resolvconf
if [ -x "$resolvconf" ]; then
    make_resolv_conf() {
        local server
        {
            for server in $new_domain_name_servers; do
                echo "nameserver $server"
            done
            for server in $new_dhcp6_name_servers; do
                case "$server" in
                    [Ff][Ee]80::*) echo "nameserver $server%$interface" ;;
                    *) echo "nameserver $server" ;;
                esac
            done
            if [ -n "$new_domain_search$new_domain_name$new_dhcp6_domain_search" ]; then
                echo "search ${new_domain_search:-$new_domain_name} $new_dhcp6_domain_search"
            fi
        } | "$resolvconf" -a "$interface.dhclient"
    }
    case "$reason" in
        EXPIRE | FAIL | RELEASE | STOP | EXPIRE6 | RELEASE6 | STOP6) "$resolvconf" -f -d "$interface.dhclient" ;;
    esac
fi
