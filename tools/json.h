/*
 * json.h: messages as JSON arrays, ["text", {"hex": "00ff"}].
 *
 * Just what the json format of the peers needs: one array of strings and hex objects. Main thread.
 */
#ifndef TENON_TOOLS_JSON_H
#define TENON_TOOLS_JSON_H

#include <stddef.h>
#include <stdio.h>

#include "format.h"

/** Appends the frames of one array. -EINVAL with `*out_reason`, a static sentence; -ENOMEM. */
int json_decode(const char *text, size_t size, struct frames *frames, const char **out_reason);

/** Writes a string, or a hex object when `data` is not UTF-8. */
void json_write(FILE *out, const void *data, size_t size);

#endif
