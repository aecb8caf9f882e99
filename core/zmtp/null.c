#include "zmtp/null.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include <tenon/question.h>
#include <tenon/tenon.h>

#include "base/error.h"
#include "zmtp/command.h"
#include "zmtp/metadata.h"

struct null_state {
    const tn_host_t *host;
    tn_handshake_t *handshake;
    const uint8_t *metadata;
    size_t metadata_size;
    bool is_sent;
    bool is_received;
};

static int null_open(void *state, const tn_host_t *host, const tn_handshake_info_t *info)
{
    struct null_state *null = state;

    null->host = host;
    null->handshake = info->handshake;
    null->metadata = info->metadata;
    null->metadata_size = (size_t)info->metadata_size;
    null->is_sent = false;
    null->is_received = false;
    return 0;
}

static void null_close(void *state)
{
    (void)state;
}

static ssize_t null_next_command(void *state, uint8_t *buffer, size_t capacity)
{
    struct null_state *null = state;
    ssize_t size;

    if (null->is_sent)
        return 0;
    size =
        tni_command_build(buffer, capacity, TNI_COMMAND_READY, null->metadata, null->metadata_size);
    if (size > 0)
        null->is_sent = true;
    return size;
}

/** The peer's reason may hold any bytes, and goes into a sentence that people read. */
static int refused(const struct null_state *null, const struct tni_command_view *view)
{
    const char *reason;
    size_t size;
    char text[256];
    int status;

    if (tni_command_parse_error(view, &reason, &size) < 0) {
        null->host->handshake_fault(null->handshake, TN_FAULT_ERROR);
        return null->host->set_error(null->host, -EPROTO,
                                     "the peer sent an ERROR command that is cut off");
    }
    for (size_t i = 0; i < size; i++)
        text[i] = reason[i] >= ' ' && reason[i] <= '~' ? reason[i] : '?';
    text[size] = '\0';
    status = tni_command_error_status(reason, size);
    if (status)
        null->host->handshake_fault(null->handshake, status);
    return null->host->set_error(
        null->host, status == TN_AUTH_DENIED || status == TN_AUTH_ERROR ? -EACCES : -ECONNREFUSED,
        "the peer refused the connection: %s", size > 0 ? text : "it gave no reason");
}

static int unexpected(const struct null_state *null, const char *what)
{
    null->host->handshake_fault(null->handshake, TN_FAULT_UNEXPECTED);
    return null->host->set_error(null->host, -EPROTO, "the peer sent %s where its READY is due",
                                 what);
}

static int null_command(void *state, const uint8_t *data, size_t size, const uint8_t **out_metadata,
                        size_t *out_metadata_size)
{
    struct null_state *null = state;
    const tn_host_t *host = null->host;
    struct tni_command_view view;

    *out_metadata = NULL;
    *out_metadata_size = 0;
    if (tni_command_parse(data, size, &view) < 0)
        return unexpected(null, "a command without a whole name");
    if (view.kind == TNI_COMMAND_ERROR)
        return refused(null, &view);
    if (view.kind != TNI_COMMAND_READY)
        return unexpected(null, view.kind == TNI_COMMAND_UNKNOWN ? "an unknown command"
                                                                 : tni_command_name(view.kind));
    if (null->is_received)
        return unexpected(null, "a second READY");
    if (tni_metadata_check(view.data, view.size) < 0) {
        char text[256];

        /* The host may write its sentence where the present one lies. */
        snprintf(text, sizeof text, "%s", tni_error_text());
        return host->set_error(host, -EPROTO, "%s", text);
    }
    null->is_received = true;
    *out_metadata = view.data;
    *out_metadata_size = view.size;
    return 0;
}

static int null_status(void *state)
{
    const struct null_state *null = state;

    return null->is_sent && null->is_received ? TN_MECHANISM_READY : TN_MECHANISM_HANDSHAKING;
}

const tn_mechanism_ops_t tni_null_mechanism = {
    .size = sizeof(tn_mechanism_ops_t),
    .state_size = sizeof(struct null_state),
    .wire_name = "NULL",
    .open = null_open,
    .close = null_close,
    .next_command = null_next_command,
    .command = null_command,
    .status = null_status,
};
