/*
 * metadata.h: the properties that a program adds to what its sockets announce ("X-name:value").
 *
 * Kept encoded as in RFC 37, ready for the handshake; bounded, because peers refuse a list of more than
 * 32 properties and long handshake commands. A value of struct tni_options, under its lock.
 */
#ifndef TNI_OPTIONS_METADATA_H
#define TNI_OPTIONS_METADATA_H

#include <stddef.h>
#include <stdint.h>

/** Adds "X-name:value" to the properties, in place of an earlier one of that name. -EINVAL, -ENOMEM:
 *  nothing has changed. */
int tni_metadata_add(uint8_t **metadata, size_t *metadata_size, const char *text, size_t size);

#endif
