#include <stdio.h>

#define ROOT "@pve@///////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////"

_Static_assert(sizeof(ROOT) == 128 + 1, "a placeholder in C has 128 bytes");

int main(void)
{
    puts(ROOT "bin/hive-manager");
    return 0;
}
