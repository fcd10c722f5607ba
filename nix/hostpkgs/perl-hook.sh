# shellcheck shell=bash disable=SC2154
# What an input holds of Perl modules is found by the programs of the platform that it is for.
offer_perl_modules() {
    addToSearchPath PERL5LIB "$1/lib/perl5/site_perl"
}
addEnvHooks "${hostOffset}" offer_perl_modules
