#include "usage.h"
#include "missing.h"

#include <stdarg.h>
#include <stdio.h>

#include <tenon/tenon.h>

static void say(const char *command, const char *format, va_list arguments)
{
    fprintf(stderr, "tenon %s: ", command);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int tool_usage_error(const char *command, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(command, format, arguments);
    va_end(arguments);
    fprintf(stderr, "Try `tenon %s --help`.\n", command);
    return TOOL_USAGE;
}

int tool_library_error(const char *command, const char *what)
{
    fprintf(stderr, "tenon %s: %s: %s\n", command, what, tn_last_error());
    if (tn_last_code() == -TN_EMODULE)
        tool_explain_missing(stderr, tn_last_error());
    return TOOL_FAILED;
}

int tool_error(const char *command, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(command, format, arguments);
    va_end(arguments);
    return TOOL_FAILED;
}
