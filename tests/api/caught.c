#include "caught.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "api.h"

enum { TEXT_MAX = 1 << 20 };

void caught_begin(struct caught *caught)
{
    int fd;

    strcpy(caught->path, "/tmp/tenon-caught-XXXXXX");
    fd = mkstemp(caught->path);
    assert_true(fd >= 0);
    caught->before = dup(STDERR_FILENO);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    close(fd);
}

char *caught_so_far(const struct caught *caught)
{
    char *text = calloc(1, TEXT_MAX);
    int fd = open(caught->path, O_RDONLY);

    assert_non_null(text);
    assert_true(fd >= 0 && read(fd, text, TEXT_MAX - 1) >= 0);
    close(fd);
    return text;
}

char *caught_end(struct caught *caught)
{
    char *text = caught_so_far(caught);

    unlink(caught->path);
    assert_true(dup2(caught->before, STDERR_FILENO) >= 0);
    close(caught->before);
    return text;
}

unsigned caught_count(const char *text, const char *words)
{
    unsigned found = 0;

    while ((text = strstr(text, words))) {
        found++;
        text++;
    }
    return found;
}
