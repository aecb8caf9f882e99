/*
 * usage.h: what the command says when it is used wrongly or fails.
 *
 * Every command of `tenon` returns one of the exit codes below. Main thread; writes to standard
 * error only.
 */
#ifndef TENON_TOOLS_USAGE_H
#define TENON_TOOLS_USAGE_H

enum tool_exit { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

/** Prints "tenon COMMAND: sentence" and where to find help. Returns TOOL_USAGE. */
int tool_usage_error(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Prints "tenon COMMAND: what: the library's sentence". Returns TOOL_FAILED. */
int tool_library_error(const char *command, const char *what);

/** Prints "tenon COMMAND: sentence". Returns TOOL_FAILED. */
int tool_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
