/* ipc: the module's description. */
#include "ipc.h"

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_STREAM,
    .flags = TN_TRANSPORT_STAYS,
    .stream_state = sizeof(struct tni_ipc_stream),
    .listener_state = sizeof(struct tni_ipc_listener),
    .check = tni_ipc_check,
    .listen = tni_ipc_listen,
    .listener_fd = tni_ipc_listener_fd,
    .accept = tni_ipc_accept,
    .unlisten = tni_ipc_unlisten,
    .open = tni_ipc_open,
    .dial = tni_ipc_dial,
    .established = tni_ipc_established,
    .readv = tni_ipc_readv,
    .writev = tni_ipc_writev,
    .fd = tni_ipc_fd,
    .close = tni_ipc_close,
};

static const tn_option_desc_t options[] = {
    TN_OPTION_STR_DESC("mode", 4, NULL,
                       "permissions of the socket's file, octal, as 0660; unset: by the umask"),
    TN_OPTION_STR_DESC("filter_pid", 4096, NULL,
                       "process ids that may connect, as 17,18; all three lists unset: everybody"),
    TN_OPTION_STR_DESC("filter_uid", 4096, NULL, "user ids that may connect"),
    TN_OPTION_STR_DESC("filter_gid", 4096, NULL, "ids of groups whose members may connect"),
    TN_OPTION_INT_DESC("ring_size", "bytes", 0, TNI_IPC_RING_MAX, 1024 * 1024,
                       "memory shared with the peer, each way, at most; 0: none"),
    TN_OPTION_END,
};

static const tn_feature_t transport = {
    .size = sizeof transport,
    .kind = TN_TRANSPORT,
    .name = "ipc",
    .summary = "Unix domain sockets between processes of one machine",
    .priority = 50,
    .ops = &ops,
    .options = options,
};

static const tn_feature_t *const features[] = {&transport, NULL};

TN_MODULE(ipc) = {
    TN_MODULE_HEAD("ipc"), .version = "0.1.0",
    .license = "MIT",      .summary = "ipc://PATH, ipc://@NAME, ipc://*",
    .features = features,
};
