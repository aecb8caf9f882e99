#include "occasions.h"
#include "reqrep.h"

#define PROBE_ROUTER_DESC                                                                          \
    TN_OPTION_BOOL_DESC("probe_router", 0, "send an empty message at each new connection")

static const tn_option_desc_t req_options[] = {
    PROBE_ROUTER_DESC,
    TN_OPTION_BOOL_DESC("req_correlate", 0, "number the requests, take only the matching reply"),
    TN_OPTION_BOOL_DESC("req_relaxed", 0, "a new request may be sent before the reply has come"),
    TN_OPTION_END,
};

static const tn_option_desc_t dealer_options[] = {
    TNI_HELLO_DESC,
    TNI_HICCUP_DESC,
    PROBE_ROUTER_DESC,
    TN_OPTION_END,
};

static const tn_option_desc_t client_options[] = {
    TNI_HELLO_DESC,
    TNI_HICCUP_DESC,
    TN_OPTION_END,
};

static const tn_option_desc_t server_options[] = {
    TNI_HELLO_DESC,
    TNI_DISCONNECT_DESC,
    TN_OPTION_END,
};

static const tn_option_desc_t peer_options[] = {
    TNI_HELLO_DESC,
    TNI_DISCONNECT_DESC,
    TNI_HICCUP_DESC,
    TN_OPTION_END,
};

static const tn_option_desc_t router_options[] = {
    TNI_HELLO_DESC,
    TNI_DISCONNECT_DESC,
    PROBE_ROUTER_DESC,
    TN_OPTION_BOOL_DESC("router_mandatory", 0, "fail, not drop, when a peer is unknown or full"),
    TN_OPTION_BOOL_DESC("router_handover", 0, "a new peer takes over the routing id of an old one"),
    TN_OPTION_INT_DESC("router_notify", "", 0, 3, 0,
                       "receive an empty message when a peer comes (1), goes (2), or both (3)"),
    TN_OPTION_BOOL_DESC("router_raw", 0,
                        "later connections carry bytes without ZMTP, as those of stream do"),
    TN_OPTION_END,
};

static const tn_option_desc_t stream_options[] = {
    TN_OPTION_BOOL_DESC("stream_notify", 1,
                        "receive an empty message when a peer comes and when it goes"),
    TN_OPTION_BLOB_DESC("routing_id", 255,
                        "to be read: of the connection that the last connect makes"),
    TN_OPTION_END,
};

static const tn_feature_t req =
    TN_PATTERN_FEATURE("req", "sends a request, waits for its reply", &tni_req_ops, req_options);

static const tn_feature_t rep =
    TN_PATTERN_FEATURE("rep", "answers each request before the next", &tni_rep_ops, NULL);

static const tn_feature_t dealer = TN_PATTERN_FEATURE(
    "dealer", "sends to its peers in turn, receives fairly", &tni_dealer_ops, dealer_options);

static const tn_feature_t router =
    TN_PATTERN_FEATURE("router", "names its peers, and sends to the one that is named",
                       &tni_router_ops, router_options);

static const tn_feature_t stream =
    TN_PATTERN_FEATURE("stream", "names its connections, which carry bytes without ZMTP",
                       &tni_stream_ops, stream_options);

static const tn_feature_t client = TN_PATTERN_FEATURE(
    "client", "talks to its servers, one frame a message", &tni_client_ops, client_options);

static const tn_feature_t server =
    TN_PATTERN_FEATURE("server", "numbers its clients, and sends to the one of that number",
                       &tni_server_ops, server_options);

static const tn_feature_t peer = TN_PATTERN_FEATURE(
    "peer", "numbers the peers it connects to and those that connect", &tni_peer_ops, peer_options);

/* A program that is to be small names some of them alone. */
#ifndef TN_ONLY
#define TN_ONLY &req, &rep, &dealer, &router, &client, &server, &peer, &stream
#endif
static const tn_feature_t *const features[] = {TN_ONLY, NULL};

TN_MODULE(reqrep) = {
    TN_MODULE_HEAD("reqrep"),
    .version = "0.1.0",
    .license = "MIT",
    .summary = "Request and reply: req, rep, dealer, router, client, server, peer, stream",
    .features = features,
};
