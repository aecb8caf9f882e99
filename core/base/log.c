#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int threshold = TN_LOG_WARN;
static char categories[256]; /* ",module,policy," or empty for all */

static const char *const level_names[] = {"", "error", "warn", "info", "debug", NULL};
static const char *const category_names[] = {"policy",  "module",  "session", "limit",
                                             "context", "control", "proxy",   NULL};

static int find(const char *const *names, const char *text, size_t length)
{
    for (int i = 0; names[i]; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0)
            return i;
    }
    return -1;
}

static void write_out(const char *line, size_t size)
{
    TNI_UNCANCELLED;

    if (write(STDERR_FILENO, line, size) < 0) {
        /* Nobody is left to be told. */
    }
}

/* Whoever asks for a log in the wrong words would wait for it in vain. */
static void complain(const char *what, const char *word, size_t length, const char *const *names)
{
    char line[512];
    size_t used =
        (size_t)snprintf(line, sizeof line, "tenon: warn: context: TENON_LOG: no %s \"%.*s\"; take",
                         what, length < 64 ? (int)length : 64, word);

    for (int i = 0; names[i] && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", names[i][0] ? " " : "",
                                 names[i]);
    if (used > sizeof line - 2)
        used = sizeof line - 2;
    line[used++] = '\n';
    write_out(line, used);
}

static void read_categories(const char *text)
{
    snprintf(categories, sizeof categories, "%s,", text);
    while (*text == ',') {
        size_t length = strcspn(++text, ",");

        if (length > 0 && find(category_names, text, length) < 0)
            complain("category", text, length, category_names);
        text += length;
    }
}

static void read_environment(void)
{
    const char *text = secure_getenv("TENON_LOG");
    size_t length;
    int level;

    if (!text || !*text)
        return;
    length = strcspn(text, ",");
    level = find(level_names, text, length);
    if (level < 0)
        complain("level", text, length, level_names);
    else if (level > 0)
        threshold = level;
    if (text[length] == ',')
        read_categories(text + length);
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
    write_out(line, (size_t)used);
    errno = kept;
}
