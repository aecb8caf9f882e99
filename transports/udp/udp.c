#include "udp.h"

static const tn_transport_ops_t ops = {
    .size = sizeof(tn_transport_ops_t),
    .shape = TN_SHAPE_DATAGRAM,
    .stream_state = sizeof(struct tni_udp),
    .check = tni_udp_check,
    .open = tni_udp_open,
    .dial = tni_udp_dial,
    .resolved = tni_udp_resolved,
    .fd = tni_udp_fd,
    .close = tni_udp_close,
    .bind = tni_udp_bind,
    .receive = tni_udp_receive,
    .send = tni_udp_send,
};

static const tn_option_desc_t options[] = {
    TN_OPTION_INT_DESC("multicast_hops", "hops", 0, 255, 1,
                       "networks that a multicast datagram may pass, 0: it stays on this machine"),
    TN_OPTION_BOOL_DESC("multicast_loop", 1, "multicast datagrams come to this machine too"),
    TN_OPTION_INT_DESC("multicast_maxtpdu", "bytes", 0, 65535, 0,
                       "largest multicast packet with its headers, a longer message is dropped, 0: "
                       "what IP allows"),
    TN_OPTION_END,
};

static const tn_feature_t udp = {
    .size = sizeof(tn_feature_t),
    .kind = TN_TRANSPORT,
    .name = "udp",
    .summary = "UDP over IPv4 and IPv6, unicast and multicast",
    .priority = 50,
    .ops = &ops,
    .options = options,
};

static const tn_feature_t *const features[] = {&udp, NULL};

TN_MODULE(udp) = {
    TN_MODULE_HEAD("udp"), .version = "0.1.0",
    .license = "MIT",      .summary = "UDP transport: radio, dish and dgram",
    .features = features,
};
