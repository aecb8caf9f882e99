/*
 * greeting.h: the 64 bytes that open a ZMTP connection (RFC 23 and 37; 15 and 13 for old peers).
 *
 * Pure: the owner is a connection, the lock is its own. The reader takes the peer's greeting in any
 * pieces and says what the peer speaks; it never takes a byte of what follows. It serves no peer: the
 * session looks at `status` and goes on. The padding of the signature and the filler are not looked
 * at, as the RFC demands.
 */
#ifndef TNI_GREETING_H
#define TNI_GREETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TNI_GREETING_SIZE = 64,
    TNI_GREETING_SIGNATURE = 10,
    TNI_GREETING_VERSION = 11, /* the signature and the major version */
    TNI_GREETING_MECHANISM_MAX = 20,
};

enum tni_greeting_status {
    TNI_GREETING_INCOMPLETE = 0,
    TNI_GREETING_V3, /* all 64 bytes were taken: major, minor, mechanism, as_server     */
    TNI_GREETING_V2, /* 11 bytes were taken; socket type and routing id follow          */
    TNI_GREETING_V1, /* the same, revision 0: what follows is framed as in ZMTP 1.0     */
    TNI_GREETING_UNVERSIONED, /* ZMTP 1.0: `bytes` (taken of them) begin its first frame         */
    TNI_GREETING_ALIEN, /* not ZMTP: `reason` goes on after "the peer", "speaks HTTP, ..." */
};

struct tni_greeting_reader {
    uint8_t status; /* tni_greeting_status */
    uint8_t taken; /* bytes of the greeting so far */
    uint8_t major; /* as the peer wrote them */
    uint8_t minor;
    bool as_server; /* libzmq always says false: not to be relied on */
    char mechanism[TNI_GREETING_MECHANISM_MAX + 1];
    uint8_t bytes[TNI_GREETING_SIZE];
    const char *reason;
};

/** Writes our greeting, ZMTP 3.1. `routing_id_size` is what peers older than 3.0 read out of the
 *  padding. -EINVAL: the mechanism's name has not 1 to 20 of the RFC's characters. */
int tni_greeting_encode(uint8_t out[TNI_GREETING_SIZE], const char *mechanism, bool as_server,
                        size_t routing_id_size);

void tni_greeting_reader_init(struct tni_greeting_reader *reader);

/** Takes what it needs of `data` and returns how much that was; `reader->status` tells the rest. After
 *  a status other than INCOMPLETE it takes nothing more. */
size_t tni_greeting_read(struct tni_greeting_reader *reader, const uint8_t *data, size_t size);

/** How many bytes of our greeting a peer of any version may have been sent by now: 10, then 11 when it
 *  has shown a version, then 64 when that is 3. Sending all 64 at once serves 3.x peers alone. */
size_t tni_greeting_sendable(const struct tni_greeting_reader *reader);

/** Whether a peer with status V3 understands SUBSCRIBE, CANCEL, PING and PONG: 3.1 or later. */
bool tni_greeting_is_31(const struct tni_greeting_reader *reader);

#endif
