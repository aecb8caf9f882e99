/* Feeds every file of the given directories to a fuzz target: what libFuzzer found stays found. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *data = NULL;
    int code = -1;

    if (!file || fstat(fileno(file), &status) != 0)
        goto out;
    /* Exactly sized, so that a read beyond the end is seen. */
    data = malloc(status.st_size ? (size_t)status.st_size : 1);
    if (!data || fread(data, 1, (size_t)status.st_size, file) != (size_t)status.st_size)
        goto out;
    LLVMFuzzerTestOneInput(data, (size_t)status.st_size);
    code = 0;
out:
    if (code)
        perror(path);
    free(data);
    if (file)
        fclose(file);
    return code;
}

/** The number of files, or -1. */
static int replay_directory(const char *directory)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    char path[4096];
    int count = 0;

    if (!entries) {
        perror(directory);
        return -1;
    }
    while (count >= 0 && (entry = readdir(entries))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        count = replay_file(path) ? -1 : count + 1;
    }
    closedir(entries);
    return count;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int count = replay_directory(argv[i]);
        if (count <= 0) {
            fprintf(stderr, "%s: no inputs, or one could not be read\n", argv[i]);
            return 1;
        }
        printf("%s: %d inputs\n", argv[i], count);
    }
    return argc > 1 ? 0 : 1;
}
