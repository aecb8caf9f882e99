#include <limits.h>

#include "fd.h"
#include "options_special.h"

#define BIT(type) (1u << (type))
#define PUBLISHERS (BIT(ZMQ_PUB) | BIT(ZMQ_XPUB))
#define SUBSCRIBERS (BIT(ZMQ_SUB) | BIT(ZMQ_XSUB))

#define INT(number, native, min, max)                                                              \
    {                                                                                              \
        number, TNZ_INT, TNZ_BOTH, 0, native, min, max, 0, NULL, NULL, 0                           \
    }
#define BOOL(number, native)                                                                       \
    {                                                                                              \
        number, TNZ_BOOL, TNZ_BOTH, 0, native, 0, 1, 0, NULL, NULL, 0                              \
    }
#define TRUTH_OF(number, native, types)                                                            \
    {                                                                                              \
        number, TNZ_TRUTH, TNZ_BOTH, 0, native, 0, 1, types, NULL, NULL, 0                         \
    }
#define FLAG(number, native, types)                                                                \
    {                                                                                              \
        number, TNZ_FLAG, TNZ_SET, 0, native, 0, 1, types, NULL, NULL, 0                           \
    }
#define LONG(number, native)                                                                       \
    {                                                                                              \
        number, TNZ_INT64, TNZ_BOTH, 0, native, 0, 0, 0, NULL, NULL, 0                             \
    }
#define TEXT(number, native, min, max)                                                             \
    {                                                                                              \
        number, TNZ_TEXT, TNZ_BOTH, 0, native, min, max, 0, NULL, NULL, 0                          \
    }
#define BLOB(number, native, access, min, max, types)                                              \
    {                                                                                              \
        number, TNZ_BLOB, access, 0, native, min, max, types, NULL, NULL, 0                        \
    }
#define VALUE(number, slot, min, max)                                                              \
    {                                                                                              \
        number, TNZ_VALUE, TNZ_BOTH, slot, NULL, min, max, 0, NULL, NULL, 0                        \
    }
#define SPECIAL(number, set, get, types)                                                           \
    {                                                                                              \
        number, TNZ_SPECIAL, 0, 0, NULL, 0, 0, types, set, get, 0                                  \
    }
/* An int of 1 or more whose native 0, "our choice", reads as libzmq's default. */
#define OURS(number, native, value)                                                                \
    {                                                                                              \
        number, TNZ_INT, TNZ_BOTH, 0, native, 1, INT_MAX, 0, NULL, NULL, value                     \
    }
/* PUB takes what XPUB shows to its program, and has nothing to show it to. */
#define UNSEEN(number)                                                                             \
    {                                                                                              \
        number, TNZ_VALUE, TNZ_SET, TNZ_NONE, NULL, 0, INT_MAX, BIT(ZMQ_PUB), NULL, NULL, 0        \
    }

/* In the order of the numbers. */
static const struct tnz_option options[] = {
    LONG(ZMQ_AFFINITY, "affinity"),
    BLOB(ZMQ_ROUTING_ID, "routing_id", TNZ_BOTH, 1, 255, 0),
    SPECIAL(ZMQ_SUBSCRIBE, tnz_set_subscribe, NULL, BIT(ZMQ_SUB) | BIT(ZMQ_XPUB)),
    SPECIAL(ZMQ_UNSUBSCRIBE, tnz_set_unsubscribe, NULL, BIT(ZMQ_SUB) | BIT(ZMQ_XPUB)),
    VALUE(ZMQ_RATE, TNZ_RATE, 1, INT_MAX),
    VALUE(ZMQ_RECOVERY_IVL, TNZ_RECOVERY_IVL, 0, INT_MAX),
    INT(ZMQ_SNDBUF, "sndbuf", -1, INT_MAX),
    INT(ZMQ_RCVBUF, "rcvbuf", -1, INT_MAX),
    SPECIAL(ZMQ_FD, NULL, tnz_get_fd, 0),
    SPECIAL(ZMQ_TYPE, NULL, tnz_get_type, 0),
    INT(ZMQ_LINGER, "linger", -1, INT_MAX),
    INT(ZMQ_RECONNECT_IVL, "reconnect_ivl", -1, INT_MAX),
    INT(ZMQ_BACKLOG, "backlog", 0, INT_MAX),
    INT(ZMQ_RECONNECT_IVL_MAX, "reconnect_ivl_max", 0, INT_MAX),
    LONG(ZMQ_MAXMSGSIZE, "maxmsgsize"),
    INT(ZMQ_SNDHWM, "sndhwm", 0, INT_MAX),
    INT(ZMQ_RCVHWM, "rcvhwm", 0, INT_MAX),
    INT(ZMQ_MULTICAST_HOPS, "udp.multicast_hops", 1, INT_MAX),
    INT(ZMQ_RCVTIMEO, "rcvtimeo", -1, INT_MAX),
    INT(ZMQ_SNDTIMEO, "sndtimeo", -1, INT_MAX),
    SPECIAL(ZMQ_IPV4ONLY, tnz_set_ipv4only, tnz_get_ipv4only, 0),
    SPECIAL(ZMQ_LAST_ENDPOINT, NULL, tnz_get_last_endpoint, 0),
    FLAG(ZMQ_ROUTER_MANDATORY, "router_mandatory", BIT(ZMQ_ROUTER)),
    INT(ZMQ_TCP_KEEPALIVE, "tcp.keepalive", -1, 1),
    INT(ZMQ_TCP_KEEPALIVE_CNT, "tcp.keepalive_cnt", -1, INT_MAX),
    INT(ZMQ_TCP_KEEPALIVE_IDLE, "tcp.keepalive_idle", -1, INT_MAX),
    INT(ZMQ_TCP_KEEPALIVE_INTVL, "tcp.keepalive_intvl", -1, INT_MAX),
    SPECIAL(ZMQ_TCP_ACCEPT_FILTER, tnz_set_tcp_accept_filter, NULL, 0),
    BOOL(ZMQ_IMMEDIATE, "immediate"),
    FLAG(ZMQ_XPUB_VERBOSE, "xpub_verbose", BIT(ZMQ_XPUB)),
    UNSEEN(ZMQ_XPUB_VERBOSE),
    FLAG(ZMQ_ROUTER_RAW, "router_raw", BIT(ZMQ_ROUTER)),
    BOOL(ZMQ_IPV6, "ipv6"),
    SPECIAL(ZMQ_MECHANISM, NULL, tnz_get_mechanism, 0),
    SPECIAL(ZMQ_PLAIN_SERVER, tnz_set_plain_server, tnz_get_plain_server, 0),
    SPECIAL(ZMQ_PLAIN_USERNAME, tnz_set_plain_username, tnz_get_plain_username, 0),
    SPECIAL(ZMQ_PLAIN_PASSWORD, tnz_set_plain_password, tnz_get_plain_password, 0),
    SPECIAL(ZMQ_CURVE_SERVER, tnz_set_curve_server, tnz_get_curve_server, 0),
    SPECIAL(ZMQ_CURVE_PUBLICKEY, tnz_set_curve_publickey, tnz_get_curve_publickey, 0),
    SPECIAL(ZMQ_CURVE_SECRETKEY, tnz_set_curve_secretkey, tnz_get_curve_secretkey, 0),
    SPECIAL(ZMQ_CURVE_SERVERKEY, tnz_set_curve_serverkey, tnz_get_curve_serverkey, 0),
    FLAG(ZMQ_PROBE_ROUTER, "probe_router", BIT(ZMQ_REQ) | BIT(ZMQ_DEALER) | BIT(ZMQ_ROUTER)),
    FLAG(ZMQ_REQ_CORRELATE, "req_correlate", BIT(ZMQ_REQ)),
    FLAG(ZMQ_REQ_RELAXED, "req_relaxed", BIT(ZMQ_REQ)),
    BOOL(ZMQ_CONFLATE, "conflate"),
    TEXT(ZMQ_ZAP_DOMAIN, "zap_domain", 1, 255),
    FLAG(ZMQ_ROUTER_HANDOVER, "router_handover", BIT(ZMQ_ROUTER)),
    INT(ZMQ_TOS, "tos", 0, INT_MAX),
    SPECIAL(ZMQ_IPC_FILTER_PID, tnz_set_ipc_filter_pid, NULL, 0),
    SPECIAL(ZMQ_IPC_FILTER_UID, tnz_set_ipc_filter_uid, NULL, 0),
    SPECIAL(ZMQ_IPC_FILTER_GID, tnz_set_ipc_filter_gid, NULL, 0),
    BLOB(ZMQ_CONNECT_ROUTING_ID, "connect_routing_id", TNZ_SET, 1, 255,
         BIT(ZMQ_ROUTER) | BIT(ZMQ_STREAM)),
    INT(ZMQ_HANDSHAKE_IVL, "handshake_ivl", 0, INT_MAX),
    TEXT(ZMQ_SOCKS_PROXY, "tcp.socks_proxy", 0, 512),
    FLAG(ZMQ_XPUB_NODROP, "xpub_nodrop", PUBLISHERS | BIT(ZMQ_RADIO)),
    FLAG(ZMQ_XPUB_MANUAL, "xpub_manual", BIT(ZMQ_XPUB)),
    BLOB(ZMQ_XPUB_WELCOME_MSG, "xpub_welcome_msg", TNZ_SET, 0, INT_MAX, BIT(ZMQ_XPUB)),
    {ZMQ_STREAM_NOTIFY, TNZ_BOOL, TNZ_SET, 0, "stream_notify", 0, 1, BIT(ZMQ_STREAM), NULL, NULL,
     0},
    TRUTH_OF(ZMQ_INVERT_MATCHING, "invert_matching", PUBLISHERS | BIT(ZMQ_SUB)),
    VALUE(ZMQ_INVERT_MATCHING, TNZ_INVERT_MATCHING, INT_MIN, INT_MAX),
    INT(ZMQ_HEARTBEAT_IVL, "heartbeat_ivl", 0, INT_MAX),
    SPECIAL(ZMQ_HEARTBEAT_TTL, tnz_set_heartbeat_ttl, tnz_get_heartbeat_ttl, 0),
    INT(ZMQ_HEARTBEAT_TIMEOUT, "heartbeat_timeout", 0, INT_MAX),
    FLAG(ZMQ_XPUB_VERBOSER, "xpub_verboser", BIT(ZMQ_XPUB)),
    UNSEEN(ZMQ_XPUB_VERBOSER),
    INT(ZMQ_CONNECT_TIMEOUT, "connect_timeout", 0, INT_MAX),
    INT(ZMQ_TCP_MAXRT, "tcp.maxrt", 0, INT_MAX),
    SPECIAL(ZMQ_THREAD_SAFE, NULL, tnz_get_thread_safe, 0),
    OURS(ZMQ_MULTICAST_MAXTPDU, "udp.multicast_maxtpdu", 1500),
    INT(ZMQ_USE_FD, "use_fd", -1, INT_MAX),
    TEXT(ZMQ_BINDTODEVICE, "bindtodevice", 0, 16),
    TRUTH_OF(ZMQ_ZAP_ENFORCE_DOMAIN, "zap_enforce_domain", 0),
    VALUE(ZMQ_LOOPBACK_FASTPATH, TNZ_NONE, 0, 0), /* Windows has it */
    {ZMQ_METADATA, TNZ_TEXT, TNZ_SET, 0, "metadata", 1, 4096, 0, NULL, NULL, 0},
    TRUTH_OF(ZMQ_MULTICAST_LOOP, "udp.multicast_loop", 0),
    {ZMQ_ROUTER_NOTIFY, TNZ_INT, TNZ_BOTH, 0, "router_notify", 0,
     ZMQ_NOTIFY_CONNECT | ZMQ_NOTIFY_DISCONNECT, BIT(ZMQ_ROUTER), NULL, NULL, 0},
    FLAG(ZMQ_XPUB_MANUAL_LAST_VALUE, "xpub_manual_last_value", BIT(ZMQ_XPUB)),
    TEXT(ZMQ_SOCKS_USERNAME, "tcp.socks_username", 0, 255),
    TEXT(ZMQ_SOCKS_PASSWORD, "tcp.socks_password", 0, 255),
    OURS(ZMQ_IN_BATCH_SIZE, "in_batch_size", 8192),
    OURS(ZMQ_OUT_BATCH_SIZE, "out_batch_size", 8192),
    FLAG(ZMQ_ONLY_FIRST_SUBSCRIBE, "only_first_subscribe", PUBLISHERS | BIT(ZMQ_XSUB)),
    INT(ZMQ_RECONNECT_STOP, "reconnect_stop", 0,
        ZMQ_RECONNECT_STOP_CONN_REFUSED | ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED |
            ZMQ_RECONNECT_STOP_AFTER_DISCONNECT),
    BLOB(ZMQ_HELLO_MSG, "hello_msg", TNZ_SET, 0, INT_MAX, 0),
    BLOB(ZMQ_DISCONNECT_MSG, "disconnect_msg", TNZ_SET, 0, INT_MAX, 0),
    INT(ZMQ_PRIORITY, "priority", 0, INT_MAX),
    {ZMQ_BUSY_POLL, TNZ_INT, TNZ_SET, 0, "busy_poll", 0, INT_MAX, 0, NULL, NULL, 0},
    BLOB(ZMQ_HICCUP_MSG, "hiccup_msg", TNZ_SET, 0, INT_MAX, 0),
    FLAG(ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, "xsub_verbose_unsubscribe", BIT(ZMQ_XSUB)),
    {ZMQ_TOPICS_COUNT, TNZ_INT, TNZ_GET, 0, "topics_count", 0, 0, PUBLISHERS | SUBSCRIBERS, NULL,
     NULL, 0},
};

const struct tnz_option *tnz_option_find(int number, const struct tnz_type *type)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct tnz_option *option = &options[i];
        if (option->number == number && (!option->types || option->types & BIT(type->number)))
            return option;
    }
    return NULL;
}
