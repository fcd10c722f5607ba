/* Runs the host's Perl without Debian's directories of modules: `-M-lib=…` goes before the arguments. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char **with = calloc((size_t)argc + 2, sizeof *with);

    if (with == NULL)
        return 127;
    with[0] = argc > 0 ? argv[0] : "perl";
    with[1] = OTHERS;
    for (int i = 1; i < argc; i++)
        with[i + 1] = argv[i];
    execv("/usr/bin/perl", with);
    perror("/usr/bin/perl");
    return 127;
}
