# shellcheck shell=bash disable=SC1090,SC2154
source "$setup"
genericBuild
