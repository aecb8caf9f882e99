/*
 * options.h: the options that every socket has.
 *
 * Plain fields, read directly by the core; by name for programs, endpoints ("?sndhwm=10") and modules.
 * A socket has one set, under its lock; an endpoint takes a copy when it is made and reads that one
 * afterwards. Options of modules are not here but in store.h.
 */
#ifndef TNI_OPTIONS_H
#define TNI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/module.h>

enum {
    TNI_ID_MAX = 255,
    TNI_DEVICE_MAX = 15,
    TNI_FEATURE_MAX = 31,
    TNI_DOMAIN_MAX = 255,
    TNI_METADATA_MAX = 4096,
    TNI_METADATA_COUNT = 24,
    TNI_SPIN_MAX_US = 1000000,
};

/** A name that is rarely set: on the heap, since each socket, endpoint and connection has a copy. */
struct tni_id {
    uint8_t *bytes; /* NULL: empty */
    uint8_t size;
};

/** Bits of "reconnect_stop". */
enum tni_reconnect_stop {
    TNI_STOP_REFUSED = 1,
    TNI_STOP_HANDSHAKE_FAILED = 2,
    TNI_STOP_AFTER_DISCONNECT = 4,
};

struct tni_options {
    int sndhwm; /* messages per pipe, 0: no limit; so rcvhwm */
    int rcvhwm;
    int sndtimeo; /* ms, -1: no limit; so rcvtimeo, linger */
    int rcvtimeo;
    int linger;
    int64_t maxmsgsize; /* bytes of one frame, -1: no limit */
    int max_parts; /* frames of one message, 0: no limit */
    int64_t max_message_bytes; /* of all its frames, 0: 16 of the longest; -1: no limit */
    bool conflate;
    bool immediate;
    bool ipv6;
    int reconnect_ivl; /* ms, -1 and 0: never */
    int reconnect_ivl_max; /* ms, 0: no back-off, but of peers that were turned away */
    int reconnect_stop; /* enum tni_reconnect_stop */
    int connect_timeout; /* ms, 0: the system's */
    int handshake_ivl; /* ms, 0: no limit */
    int max_half_open; /* accepted and not yet up, per listener; 0: no limit; so the next two */
    int max_half_open_per_address;
    int max_connections_per_address;
    int stall_timeout; /* ms, 0: no limit */
    int max_pings; /* of a peer in a second, 0: no limit */
    int max_subscriptions; /* of one peer, 0: no limit; so the next */
    int64_t max_subscription_bytes;
    int heartbeat_ivl; /* ms, 0: none */
    int heartbeat_ttl; /* ms, 0: none */
    int heartbeat_timeout; /* ms, -1: as heartbeat_ivl */
    int backlog;
    int sndbuf; /* bytes, -1: the system's; so rcvbuf */
    int rcvbuf;
    int in_batch_size; /* bytes, 0: our choice; so out_batch_size */
    int out_batch_size;
    int use_fd; /* a listening descriptor, -1: none */
    int busy_poll; /* us, 0: no */
    int tos;
    int priority;
    uint64_t affinity; /* a bit per I/O thread, 0: any */
    int spin_us; /* 0: a wait sleeps at once */
    bool claim_parts; /* an unfinished message belongs to a thread */
    char bindtodevice[TNI_DEVICE_MAX + 1];
    char mechanism[TNI_FEATURE_MAX + 1];
    char authenticator[TNI_FEATURE_MAX + 1];
    char *zap_domain; /* NULL: empty */
    bool zap_enforce_domain;
    struct tni_id routing_id;
    struct tni_id connect_routing_id; /* of the next connect, which empties it */
    uint8_t *metadata; /* what "metadata" added, encoded as in RFC 37; or NULL */
    size_t metadata_size;
};

/** The defaults of the native interface. */
void tni_options_init(struct tni_options *options);
void tni_options_fini(struct tni_options *options);

/** Gives `id` a new value. -ENOMEM: it keeps the old one. */
int tni_id_set(struct tni_id *id, const void *bytes, size_t size);
void tni_id_clear(struct tni_id *id);

/** Makes `to` (not initialised) a copy. -ENOMEM: `to` has the defaults. */
int tni_options_copy(struct tni_options *to, const struct tni_options *from);

/** -TN_ENOOPTION, with the nearest name; -EINVAL: type or range; -EACCES: cannot be set; -ENOMEM. */
int tni_options_set(struct tni_options *options, const char *name, const tn_value_t *value);

/** As above, from text, as tni_value_parse() reads it. */
int tni_options_set_text(struct tni_options *options, const char *name, const char *text,
                         size_t size);

/** `out_value` borrows until the option is set. -TN_ENOOPTION; -EACCES: can only be set; -ENOTSUP: an
 *  option whose value the socket itself knows ("type", "events", "rcvmore", "last_endpoint"). */
int tni_options_get(const struct tni_options *options, const char *name, tn_value_t *out_value);

/** The description of an option, or NULL: there is none of that name. */
const tn_option_desc_t *tni_options_find(const char *name);

/** The n-th description, in the order of the manual, without its sentence; NULL after the last. */
const tn_option_desc_t *tni_options_at(size_t index);
/** What the n-th is for, in one line. */
const char *tni_options_help(size_t index);

/** Leaves the sentence "no such option, did you mean ...?", with the nearest of our names and of
 *  `table` (may be NULL), and returns -TN_ENOOPTION. */
int tni_options_unknown(const char *name, const tn_option_desc_t *table);

#endif
