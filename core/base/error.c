#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

enum { SENTENCE = 768 };

static _Thread_local struct {
    int code;
    char text[SENTENCE];
} last;

int tni_fail(int code, const char *format, ...)
{
    char sentence[SENTENCE]; /* an argument may be the present sentence */
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    memcpy(last.text, sentence, strlen(sentence) + 1);
    last.code = code;
    return code;
}

int tni_fail_code(int code)
{
    last.code = code;
    last.text[0] = '\0';
    return code;
}

int tni_fail_context(int code, const char *format, ...)
{
    char before[SENTENCE];
    char whole[2 * SENTENCE + 2];
    va_list args;

    va_start(args, format);
    vsnprintf(before, sizeof before, format, args);
    va_end(args);
    snprintf(whole, sizeof whole, "%s: %s", before, tni_error_text());
    whole[SENTENCE - 1] = '\0';
    memcpy(last.text, whole, strlen(whole) + 1);
    last.code = code;
    return code;
}

const char *tni_error_text(void)
{
    if (last.text[0] != '\0')
        return last.text;
    return last.code == 0 ? "no error" : tni_error_name(last.code);
}

int tni_error_code(void)
{
    return last.code;
}

const char *tni_error_name(int code)
{
    switch (code < 0 ? -code : code) {
    case 0:
        return "success";
    case TN_ETERM:
        return "the context was shut down";
    case TN_ECLOSED:
        return "the socket is closed";
    case TN_EFSM:
        return "not in this state of the pattern";
    case TN_ENOCOMPAT:
        return "the two patterns do not go together";
    case TN_EFORKED:
        return "the object belongs to the parent process";
    case TN_EMODULE:
        return "the module is missing, unfit or excluded";
    case TN_EDENIED:
        return "denied by policy";
    case TN_ENOOPTION:
        return "no such option";
    default: {
        const char *text = strerrordesc_np(code < 0 ? -code : code);
        return text ? text : "unknown error";
    }
    }
}
