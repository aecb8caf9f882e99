/* Runs one self-test of Debian's libczmq: czmq_selftest LIBCZMQ zsock_test */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int print_maps(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");

    if (!maps)
        return 1;
    while (fgets(line, sizeof(line), maps))
        fputs(line, stdout);
    fclose(maps);
    return 0;
}

int main(int argc, char **argv)
{
    void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
    void (*test)(bool verbose) = NULL;

    if (!library) {
        fprintf(stderr, "usage: czmq_selftest LIBCZMQ NAME: %s\n", argc == 3 ? dlerror() : "");
        return 2;
    }
    if (strcmp(argv[2], "maps") == 0)
        return print_maps();
    *(void **)&test = dlsym(library, argv[2]);
    if (!test) {
        fprintf(stderr, "%s: %s\n", argv[2], dlerror());
        return 2;
    }
    test(false);
    return 0;
}
