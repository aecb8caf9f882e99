/*
 * value.h: one value of an option against its description: check, parse, print.
 *
 * Works on any tn_option_desc_t, the core's and those of modules. Pure functions, any thread; failures
 * leave a sentence that names the option, what it takes, and what it was given.
 */
#ifndef TNI_VALUE_H
#define TNI_VALUE_H

#include <stddef.h>

#include <tenon/module.h>

static inline tn_value_t tni_value_int(int64_t number)
{
    return (tn_value_t){.type = TN_OPTION_INT, .number = number};
}

static inline tn_value_t tni_value_bytes(uint16_t type, const void *data, size_t size)
{
    return (tn_value_t){.type = type, .data = data, .size = size};
}

/** Whether `value` fits. A number goes into INT and BOOL, text into STR and BLOB, a blob into BLOB
 *  alone. -EINVAL. */
int tni_value_check(const tn_option_desc_t *desc, const tn_value_t *value);

/** Reads `text` as a value of the option: a decimal number; 0, 1, true, false, yes, no, on, off; text
 *  as it is; a blob as it is, or "0x" and hexadecimal digits. Checks it. What is not a number goes
 *  into `storage` with a NUL behind it: at least `size` + 1 bytes, to which `out_value` then points.
 *  -EINVAL. */
int tni_value_parse(const tn_option_desc_t *desc, const char *text, size_t size, char *storage,
                    size_t capacity, tn_value_t *out_value);

/** The default: a number, or text; an unset one has `data` NULL. */
void tni_value_default(const tn_option_desc_t *desc, tn_value_t *out_value);

/** Writes the value for people, cut to `capacity` and NUL-terminated: secrets as "(secret)", blobs that
 *  are not text as "0x...". Returns the length written. */
size_t tni_value_print(const tn_option_desc_t *desc, const tn_value_t *value, char *buffer,
                       size_t capacity);

/** The row named `name` of a table that TN_OPTION_END ends, or NULL; `table` may be NULL. */
const tn_option_desc_t *tni_option_find(const tn_option_desc_t *table, const char *name);

/** "a number of 0 to 255", "0 or 1", "text of at most 15 bytes": what the option takes. */
void tni_option_expects(const tn_option_desc_t *desc, char *buffer, size_t capacity);

#endif
