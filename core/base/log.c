#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int threshold = TN_LOG_WARN;
static char categories[256]; /* ",module,policy," or empty for all */

static const char *const level_names[] = {"", "error", "warn", "info", "debug"};

static void read_environment(void)
{
    const char *text = secure_getenv("TENON_LOG");
    size_t length;

    if (!text)
        return;
    length = strcspn(text, ",");
    for (int level = TN_LOG_ERROR; level <= TN_LOG_DEBUG; level++) {
        if (strlen(level_names[level]) == length && strncmp(text, level_names[level], length) == 0)
            threshold = level;
    }
    if (text[length] == ',')
        snprintf(categories, sizeof categories, "%s,", text + length);
}

bool tni_log_wants(int level, const char *category)
{
    char needle[40];

    pthread_once(&once, read_environment);
    if (level > threshold)
        return false;
    if (categories[0] == '\0')
        return true;
    snprintf(needle, sizeof needle, ",%s,", category);
    return strstr(categories, needle) != NULL;
}

void tni_log(int level, const char *category, const char *format, ...)
{
    char line[1024];
    int kept = errno;
    int used;
    va_list args;

    if (!tni_log_wants(level, category))
        return;
    used = snprintf(line, sizeof line, "tenon: %s: %s: ", level_names[level], category);
    va_start(args, format);
    vsnprintf(line + used, sizeof line - (size_t)used - 1, format, args);
    va_end(args);
    used = (int)strlen(line);
    line[used++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)used) < 0) {
        /* Nobody is left to be told. */
    }
    errno = kept;
}
