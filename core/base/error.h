/*
 * error.h: the sentence behind a code.
 *
 * The function that first detects a failure describes it here, once; callers pass the code on. One
 * sentence per thread, which tn_last_error() returns. Any thread, no lock.
 */
#ifndef TNI_ERROR_H
#define TNI_ERROR_H

/** Stores the sentence for this thread and returns `code` (negative). */
int tni_fail(int code, const char *format, ...) __attribute__((cold, format(printf, 2, 3)));

/** Stores a code without a sentence of its own: its name stands in. Returns `code`. For failures that
 *  are everyday answers, such as -EAGAIN; costs a store. */
int tni_fail_code(int code);

/** Puts `format` in front of the present sentence, "while ...: what it was". Returns `code`. */
int tni_fail_context(int code, const char *format, ...) __attribute__((cold, format(printf, 2, 3)));

const char *tni_error_text(void);
int tni_error_code(void);
const char *tni_error_name(int code);

#endif
