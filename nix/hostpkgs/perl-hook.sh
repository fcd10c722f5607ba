# shellcheck shell=bash disable=SC2154
addPerlLibPath() { addToSearchPath PERL5LIB "$1/lib/perl5/site_perl"; }
addEnvHooks "$targetOffset" addPerlLibPath
