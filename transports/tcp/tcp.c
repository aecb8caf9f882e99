/* tcp: the module's description. */
#include "tcp.h"

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_STREAM,
    .stream_state = sizeof(struct tni_tcp_stream),
    .listener_state = sizeof(struct tni_tcp_listener),
    .check = tni_tcp_check,
    .listen = tni_tcp_listen,
    .listener_fd = tni_tcp_listener_fd,
    .accept = tni_tcp_accept,
    .unlisten = tni_tcp_unlisten,
    .open = tni_tcp_open,
    .dial = tni_tcp_dial,
    .resolved = tni_tcp_resolved,
    .established = tni_tcp_established,
    .readv = tni_tcp_readv,
    .writev = tni_tcp_writev,
    .fd = tni_tcp_fd,
    .close = tni_tcp_close,
    .prepare = tni_tcp_proxy_check,
};

static const tn_option_desc_t options[] = {
    TN_OPTION_BOOL_DESC("nodelay", 1, "send small messages at once (TCP_NODELAY)"),
    TN_OPTION_INT_DESC("keepalive", "", -1, 1, -1,
                       "probe silent connections: 0 no, 1 yes, -1 as the system does"),
    TN_OPTION_INT_DESC("keepalive_idle", "s", -1, 32767, -1,
                       "silence before the first probe, -1 as the system does"),
    TN_OPTION_INT_DESC("keepalive_intvl", "s", -1, 32767, -1,
                       "time between probes, -1 as the system does"),
    TN_OPTION_INT_DESC("keepalive_cnt", "", -1, 127, -1,
                       "unanswered probes that end the connection, -1 as the system does"),
    TN_OPTION_INT_DESC("maxrt", "ms", 0, INT32_MAX, 0,
                       "unacknowledged data ends the connection after this time, 0 as the "
                       "system does (TCP_USER_TIMEOUT)"),
    TN_OPTION_STR_DESC("accept_filter", 4096, NULL,
                       "addresses that may connect, as 10.0.0.0/8,fd00::1; unset: all"),
    TN_OPTION_STR_DESC("socks_proxy", 512, NULL,
                       "HOST:PORT of a SOCKS5 proxy through which to connect; unset: directly"),
    TN_OPTION_STR_DESC("socks_username", 255, NULL,
                       "user at the proxy; unset: it asks for no name"),
    {sizeof(tn_option_desc_t), TN_OPTION_STR, TN_OPTION_SECRET, "socks_password", "",
     "password at the proxy", 0, 255, 0, NULL},
    TN_OPTION_END,
};

static const tn_feature_t transport = {
    .size = sizeof transport,
    .kind = TN_TRANSPORT,
    .name = "tcp",
    .summary = "TCP over IPv4 and IPv6",
    .priority = 50,
    .ops = &ops,
    .options = options,
};

static const tn_feature_t *const features[] = {&transport, NULL};

TN_MODULE(tcp) = {
    TN_MODULE_HEAD("tcp"),        .version = "0.1.0",   .license = "MIT",
    .summary = "tcp://HOST:PORT", .features = features,
};
