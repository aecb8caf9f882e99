#include "options/value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

static bool is_number(uint16_t type)
{
    return type == TN_OPTION_INT || type == TN_OPTION_BOOL;
}

void tni_option_expects(const tn_option_desc_t *desc, char *buffer, size_t capacity)
{
    const char *unit = desc->unit ? desc->unit : "";
    const char *of = *unit ? " of " : "";

    if (desc->type == TN_OPTION_BOOL)
        snprintf(buffer, capacity, "0 or 1");
    else if (desc->type == TN_OPTION_INT && desc->min == INT64_MIN && desc->max == INT64_MAX)
        snprintf(buffer, capacity, "a number%s%s", of, unit);
    else if (desc->type == TN_OPTION_INT && (desc->max == INT64_MAX || desc->max == INT_MAX))
        snprintf(buffer, capacity, "a number%s%s, %" PRId64 " or more", of, unit, desc->min);
    else if (desc->type == TN_OPTION_INT)
        snprintf(buffer, capacity, "a number%s%s from %" PRId64 " to %" PRId64, of, unit, desc->min,
                 desc->max);
    else
        snprintf(buffer, capacity, "%s of %" PRId64 " to %" PRId64 " bytes",
                 desc->type == TN_OPTION_STR ? "text" : "a blob", desc->min, desc->max);
}

static int misfit(const tn_option_desc_t *desc, const char *given)
{
    char expects[160];

    tni_option_expects(desc, expects, sizeof expects);
    return tni_fail(-EINVAL, "option \"%s\" takes %s, not %s", desc->name, expects, given);
}

static bool is_within(const tn_option_desc_t *desc, int64_t amount)
{
    return amount >= desc->min && amount <= desc->max;
}

static int check_number(const tn_option_desc_t *desc, int64_t number)
{
    char given[24];

    if (is_within(desc, number))
        return 0;
    snprintf(given, sizeof given, "%" PRId64, number);
    return misfit(desc, given);
}

static int check_bytes(const tn_option_desc_t *desc, const tn_value_t *value)
{
    char given[40];

    if (!value->data && value->size > 0)
        return misfit(desc, "NULL");
    if (desc->type == TN_OPTION_STR && value->size > 0 && memchr(value->data, 0, value->size))
        return misfit(desc, "text with a NUL inside");
    if (value->size <= INT64_MAX && is_within(desc, (int64_t)value->size))
        return 0;
    snprintf(given, sizeof given, "%" PRIu64 " bytes", value->size);
    return misfit(desc, given);
}

int tni_value_check(const tn_option_desc_t *desc, const tn_value_t *value)
{
    if (is_number(desc->type))
        return is_number(value->type) ? check_number(desc, value->number)
                                      : misfit(desc, "text (set it as a number)");
    if (is_number(value->type))
        return misfit(desc, "a number");
    if (value->type == TN_OPTION_BLOB && desc->type == TN_OPTION_STR)
        return misfit(desc, "a blob (set it as text)");
    return check_bytes(desc, value);
}

/* Quotes what was given, unless the option is secret. */
static int misread(const tn_option_desc_t *desc, const char *text, size_t size)
{
    char given[64];

    if (desc->flags & TN_OPTION_SECRET)
        return misfit(desc, "what was given");
    snprintf(given, sizeof given, "\"%.*s\"", (int)(size < 40 ? size : 40), text);
    return misfit(desc, given);
}

static int parse_number(const tn_option_desc_t *desc, const char *text, size_t size,
                        int64_t *out_number)
{
    char digits[24];
    char *end;

    if (size == 0 || size >= sizeof digits || isspace((unsigned char)text[0]))
        return misread(desc, text, size);
    memcpy(digits, text, size);
    digits[size] = '\0';
    errno = 0;
    *out_number = strtoll(digits, &end, 10);
    if (errno != 0 || end != digits + size)
        return misread(desc, text, size);
    return 0;
}

static int parse_bool(const tn_option_desc_t *desc, const char *text, size_t size,
                      int64_t *out_number)
{
    static const char *const words[2][4] = {{"0", "false", "no", "off"},
                                            {"1", "true", "yes", "on"}};

    for (int truth = 0; truth < 2; truth++) {
        for (size_t i = 0; i < 4; i++) {
            if (strlen(words[truth][i]) == size && strncasecmp(words[truth][i], text, size) == 0) {
                *out_number = truth;
                return 0;
            }
        }
    }
    return misread(desc, text, size);
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

static int parse_hex(const tn_option_desc_t *desc, const char *text, size_t size, char *storage,
                     size_t *out_size)
{
    if (size % 2 != 0)
        return misread(desc, text, size);
    for (size_t i = 2; i < size; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

        if (high < 0 || low < 0)
            return misread(desc, text, size);
        storage[i / 2 - 1] = (char)(high << 4 | low);
    }
    *out_size = size / 2 - 1;
    return 0;
}

static int parse_bytes(const tn_option_desc_t *desc, const char *text, size_t size, char *storage,
                       size_t capacity, tn_value_t *out_value)
{
    size_t length = size;
    int status;

    if (capacity < size + 1)
        return misread(desc, text, size);
    if (desc->type == TN_OPTION_BLOB && size > 2 && text[0] == '0' && text[1] == 'x') {
        status = parse_hex(desc, text, size, storage, &length);
        if (status < 0)
            return status;
    } else if (size > 0) {
        memcpy(storage, text, size);
    }
    storage[length] = '\0';
    *out_value = tni_value_bytes(desc->type, storage, length);
    return tni_value_check(desc, out_value);
}

int tni_value_parse(const tn_option_desc_t *desc, const char *text, size_t size, char *storage,
                    size_t capacity, tn_value_t *out_value)
{
    int64_t number = 0;
    int status;

    if (!is_number(desc->type))
        return parse_bytes(desc, text, size, storage, capacity, out_value);
    status = desc->type == TN_OPTION_BOOL ? parse_bool(desc, text, size, &number)
                                          : parse_number(desc, text, size, &number);
    if (status < 0)
        return status;
    *out_value = (tn_value_t){.type = desc->type, .number = number};
    return tni_value_check(desc, out_value);
}

void tni_value_default(const tn_option_desc_t *desc, tn_value_t *out_value)
{
    const char *text = desc->default_str;

    if (is_number(desc->type))
        *out_value = (tn_value_t){.type = desc->type, .number = desc->default_int};
    else
        *out_value = tni_value_bytes(desc->type, text, text ? strlen(text) : 0);
}

static bool is_text(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] < 0x20 || bytes[i] > 0x7e)
            return false;
    }
    return true;
}

static size_t print_hex(const uint8_t *bytes, size_t size, char *buffer, size_t capacity)
{
    size_t used = (size_t)snprintf(buffer, capacity, "0x");

    for (size_t i = 0; i < size && used + 2 < capacity; i++)
        used += (size_t)snprintf(buffer + used, capacity - used, "%02x", bytes[i]);
    return used < capacity ? used : capacity - 1;
}

size_t tni_value_print(const tn_option_desc_t *desc, const tn_value_t *value, char *buffer,
                       size_t capacity)
{
    int used;

    if (capacity == 0)
        return 0;
    if (desc->flags & TN_OPTION_SECRET)
        used = snprintf(buffer, capacity, "(secret)");
    else if (is_number(value->type))
        used = snprintf(buffer, capacity, "%" PRId64, value->number);
    else if (value->size > 0 && value->type == TN_OPTION_BLOB && !is_text(value->data, value->size))
        return print_hex(value->data, value->size, buffer, capacity);
    else
        used =
            snprintf(buffer, capacity, "%.*s", (int)(value->size < INT_MAX ? value->size : INT_MAX),
                     value->data ? (const char *)value->data : "");
    return (size_t)used < capacity ? (size_t)used : capacity - 1;
}

const tn_option_desc_t *tni_option_find(const tn_option_desc_t *table, const char *name)
{
    for (const tn_option_desc_t *row = table; row && row->name; row++) {
        if (strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}
