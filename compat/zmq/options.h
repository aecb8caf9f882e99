/*
 * options.h: the table of socket options, from libzmq's numbers to native names.
 *
 * options_table.c holds the rows, options.c reads and writes by the rows' rules of type and size, and
 * options_special.c has what is more than a number or text under another name. This table is the one
 * place that knows both sides.
 */
#ifndef TNZ_OPTIONS_H
#define TNZ_OPTIONS_H

#include "dropin.h"

enum tnz_kind {
    TNZ_INT, /* an int from min to max                                                */
    TNZ_BOOL, /* an int, 0 or 1                                                       */
    TNZ_TRUTH, /* any int; read as 0 or 1                                             */
    TNZ_FLAG, /* an int of 0 or more; whether it is 0                                 */
    TNZ_INT64, /* 8 bytes                                                             */
    TNZ_BLOB, /* min to max bytes                                                     */
    TNZ_TEXT, /* min to max bytes; read with its NUL                                  */
    TNZ_SPECIAL, /* `set` and `get` look at the bytes themselves                      */
    TNZ_VALUE, /* an int from min to max, of libzmq alone: kept, see tnz_socket.values */
};

enum tnz_access { TNZ_GET = 1, TNZ_SET = 2, TNZ_BOTH = 3 };

struct tnz_option {
    int number;
    uint8_t kind;
    uint8_t access; /* but of TNZ_SPECIAL */
    uint8_t slot; /* TNZ_VALUE: the place in tnz_socket.values */
    const char *native;
    int min, max;
    unsigned types; /* bits by type number; 0: all */
    /* TNZ_SPECIAL; return an errno value, or 0. NULL: cannot be set, or read. */
    int (*set)(struct tnz_socket *socket, const void *data, size_t size);
    int (*get)(struct tnz_socket *socket, void *data, size_t *io_size);
    int unset; /* TNZ_INT: what the native 0 reads as; 0: as it is */
};

/** NULL: there is no such option on a socket of this type. */
const struct tnz_option *tnz_option_find(int number, const struct tnz_type *type);

/** The errno value of a native failure to get or set an option. */
int tnz_option_errno(int code);
/** Copies an int out; `io_size` must say at least its size. Returns an errno value, or 0. */
int tnz_put_int(int value, void *data, size_t *io_size);
/** Takes an int in. Returns an errno value, or 0. */
int tnz_take_int(const void *data, size_t size, int *out_value);
/** Copies bytes out. Returns an errno value, or 0. */
int tnz_put_bytes(const void *bytes, size_t size, void *data, size_t *io_size);

#endif
