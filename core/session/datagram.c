/*
 * datagram.c: a session whose transport moves datagrams: nothing is dialled, greeted or lost.
 *
 * It is a session like others to its reactor, its socket and its endpoint (session.h); what it does
 * in its own way is here: it is up as soon as its address is known, and moves whole messages, those of
 * a batch with one call of the transport. A datagram holds a message of two frames: a name and a body
 * (zmtp/datagram.h) or, for a pattern that addresses its datagrams, where it goes to or comes from and
 * the body. What does not fit, cannot be sent, is malformed, or finds the socket full is dropped and
 * counted, and ends nothing. Under the reactor's lock, except where it says otherwise.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "message/peer_info.h"
#include "monitor/monitor.h"
#include "session/session.h"
#include "socket/ctx.h"
#include "socket/endpoint.h"
#include "socket/socket.h"
#include "zmtp/datagram.h"
#include "zmtp/frame.h"

enum {
    BATCH = 16, /* datagrams of one call */
    BATCHES = 4, /* before the next connection has its turn */
    ROOM = 65536, /* bytes; no datagram is longer */
    PIECES = 3, /* of a datagram: a length, a name, a body */
    FITS = -1, /* instead of a reason to drop it */
};

/* Memory that is written to only as far as datagrams need it. */
struct tni_datagram_inbox {
    tn_datagram_t items[BATCH];
    struct iovec iov[BATCH];
    char address[BATCH][TN_DATAGRAM_ADDRESS];
    uint8_t bytes[BATCH][ROOM];
};

struct outgoing {
    tn_datagram_t items[BATCH];
    struct iovec iov[BATCH][PIECES];
    uint8_t name_size[BATCH];
    char address[BATCH][TN_DATAGRAM_ADDRESS];
    int drop[BATCH]; /* why it is not sent, or FITS */
};

static const tn_transport_ops_t *ops_of(const struct tni_session *session)
{
    return tni_config_bottom(session->config);
}

static void *state_of(struct tni_session *session)
{
    return tni_stack_bottom(&session->stack)->state;
}

static bool is_addressed(const struct tni_session *session)
{
    return session->config->pattern->flags & TN_PATTERN_ADDRESSES_DATAGRAMS;
}

static void drop(struct tni_session *session, int reason)
{
    tni_count_drop(&session->config->sock->counters, reason, 1);
}

/* ------------------------------------------------------------------ coming up */

static int check(const struct tni_session *session)
{
    if (!tni_security_is_on(session->config))
        return 0;
    return tni_fail(-ENOTSUP, "a datagram proves nothing about its sender: an endpoint with a "
                              "mechanism or an authenticator needs a transport with connections");
}

static int bind_address(struct tni_session *session, struct tn_endpoint *endpoint)
{
    const struct tni_config *config = session->config;
    int rc = tni_stack_open(&session->stack, session, config);
    const char *address;

    if (rc == 0)
        rc = ops_of(session)->bind(state_of(session), config->address);
    if (rc == 0 && session->stack.lacks_address)
        rc = tni_fail(-ENOMEM, "out of memory for the address that is bound");
    address = rc == 0 && session->stack.local ? strstr(session->stack.local, "://") : NULL;
    if (address)
        rc = tni_config_name(session->config, endpoint, address + strlen("://"));
    if (rc == 0) {
        tni_stack_bottom(&session->stack)->is_ready = session->is_connected = true;
        session->state = TNI_SESSION_CONNECTING;
    }
    tni_config_event(config, rc < 0 ? TN_EVENT_BIND_FAILED : TN_EVENT_LISTENING, rc,
                     rc < 0 ? -1 : tni_stack_fd(&session->stack));
    return rc;
}

static void start(struct tni_session *session)
{
    int rc;

    if (session->config->role == TN_ROLE_CONNECT) {
        tni_session_dial(session);
        return;
    }
    rc = tni_session_advance(session);
    if (rc < 0)
        tni_session_lost(session, rc);
}

static int make_inbox(struct tni_session *session)
{
    if (!(session->config->pattern->flags & TN_PATTERN_RECEIVES) || session->datagrams)
        return 0;
    session->datagrams = tni_malloc(sizeof *session->datagrams);
    if (!session->datagrams)
        return tni_fail(-ENOMEM, "out of memory for datagrams");
    return 0;
}

/* Nobody answers: who is at the other end is what we were told. */
static int established(struct tni_session *session)
{
    const struct tni_peer_pieces pieces = {
        .connection = session->connection,
        .local = session->stack.local,
        .remote = session->stack.remote,
        .mechanism = "",
        .socket_type = session->config->pattern->peers[0],
    };
    struct tn_peer_info *peer = NULL;
    int rc = make_inbox(session);

    if (rc == 0 && tni_peer_info_new(&pieces, &peer) < 0)
        rc = tni_fail(-ENOMEM, "out of memory for an endpoint");
    if (rc < 0)
        return rc;
    session->rx_ready = session->tx_ready = true;
    return tni_session_is_up(session, peer);
}

/* ------------------------------------------------------------------ receiving */

static void prepare(struct tni_session *session)
{
    struct tni_datagram_inbox *inbox = session->datagrams;

    for (int i = 0; i < BATCH; i++) {
        inbox->iov[i] = (struct iovec){.iov_base = inbox->bytes[i], .iov_len = ROOM};
        inbox->items[i] = (tn_datagram_t){.iov = &inbox->iov[i], .iov_count = 1};
        if (is_addressed(session))
            inbox->items[i].address = inbox->address[i];
    }
}

static int view_of(const struct tni_session *session, const tn_datagram_t *item,
                   struct tni_datagram_view *out_view)
{
    const uint8_t *bytes = item->iov->iov_base;

    if (item->flags & TN_DATAGRAM_TRUNCATED)
        return -EPROTO;
    if (!is_addressed(session))
        return tni_datagram_parse(bytes, item->size, out_view);
    out_view->group = (const uint8_t *)item->address;
    out_view->group_size = strlen(item->address);
    out_view->body = bytes;
    out_view->size = item->size;
    return 0;
}

static int write_frame(struct tni_chain *in, const uint8_t *bytes, size_t size, uint8_t flags)
{
    tn_msg_t msg;

    tn_msg_borrow(&msg, bytes, size);
    msg.flags = flags;
    return tni_chain_write(in, &msg);
}

/* A message that finds no memory is as one that finds no room. */
static void deliver(struct tni_session *session, const tn_datagram_t *item)
{
    struct tni_chain *in = tni_session_in(session);
    int64_t limit = session->config->options.maxmsgsize;
    struct tni_datagram_view view;

    if (view_of(session, item, &view) < 0) {
        drop(session, TN_DROP_MALFORMED);
        return;
    }
    if (limit >= 0 && view.size > (uint64_t)limit) {
        drop(session, TN_DROP_OVERSIZED);
        return;
    }
    if (tni_chain_credit(in, 1) == 0 ||
        write_frame(in, view.group, view.group_size, TN_MSG_MORE) < 0 ||
        write_frame(in, view.body, view.size, 0) < 0)
        drop(session, TN_DROP_HWM);
}

static void receive(struct tni_session *session)
{
    struct tni_datagram_inbox *inbox = session->datagrams;
    int count = -EINTR;

    if (!inbox || !session->rx_ready || !session->duplex) {
        session->rx_ready = false;
        return;
    }
    for (int i = 0; i < BATCHES && (count == BATCH || (count < 0 && count != -EAGAIN)); i++) {
        prepare(session);
        count = ops_of(session)->receive(state_of(session), inbox->items, BATCH);
        for (int k = 0; k < count; k++)
            deliver(session, &inbox->items[k]);
    }
    /* An error is that of a datagram that has gone; the next event tells of the next one. */
    session->rx_ready = count == BATCH;
    tni_duplex_wake_other(session->duplex, 1, TNI_WAKE_DATA);
}

/* ------------------------------------------------------------------ sending */

static void name_item(struct tni_session *session, struct outgoing *out, int i,
                      const struct tni_frame_view *name)
{
    tn_datagram_t *item = &out->items[i];

    item->iov = out->iov[i];
    item->iov_count = 0;
    item->address = NULL;
    if (name->size > TNI_DATAGRAM_GROUP_MAX ||
        (is_addressed(session) && name->size >= TN_DATAGRAM_ADDRESS)) {
        out->drop[i] = TN_DROP_MALFORMED;
    } else if (is_addressed(session)) {
        memcpy(out->address[i], name->body, name->size);
        out->address[i][name->size] = '\0';
        item->address = out->address[i];
    } else {
        out->name_size[i] = (uint8_t)name->size;
        out->iov[i][item->iov_count++] = (struct iovec){&out->name_size[i], 1};
        out->iov[i][item->iov_count++] =
            (struct iovec){(void *)(uintptr_t)name->body, (size_t)name->size};
    }
}

/* One message of the chain: a name, then a body. Others are of a pattern that does not know how a
 * datagram looks; they are passed over. False: there is none. */
static bool collect_one(struct tni_session *session, struct outgoing *out, int i)
{
    struct tni_chain *chain = tni_session_out(session);
    struct tni_frame_view view;
    unsigned frames = 0;
    bool more = true;

    out->drop[i] = FITS;
    while (more && tni_chain_look(chain, &view)) {
        tn_datagram_t *item = &out->items[i];
        if (++frames == 1)
            name_item(session, out, i, &view);
        else if (frames == 2 && out->drop[i] == FITS)
            out->iov[i][item->iov_count++] =
                (struct iovec){(void *)(uintptr_t)view.body, (size_t)view.size};
        tni_chain_next(chain, &view);
        more = view.flags & TNI_FRAME_MORE;
    }
    if (frames && frames != 2)
        out->drop[i] = TN_DROP_MALFORMED;
    return frames > 0;
}

static int collect(struct tni_session *session, struct outgoing *out)
{
    int count = 0;

    while (count < BATCH && collect_one(session, out, count))
        count++;
    return count;
}

static void congested(struct tni_session *session)
{
    session->tx_ready = false;
    atomic_store(&session->is_congested, true);
    tni_chain_rewind(tni_session_out(session));
}

/* Returns how many of `count` are done with; 0: there is no room. */
static int hand_out(struct tni_session *session, struct outgoing *out, int from, int count)
{
    int until = from;
    int rc;

    if (out->drop[from] != FITS) {
        drop(session, out->drop[from]);
        return 1;
    }
    while (until < count && out->drop[until] == FITS)
        until++;
    rc = ops_of(session)->send(state_of(session), &out->items[from], until - from);
    if (rc == -EAGAIN)
        return 0;
    if (rc > 0)
        return rc;
    drop(session, rc == -EMSGSIZE ? TN_DROP_OVERSIZED
                  : rc == -EINVAL ? TN_DROP_MALFORMED
                                  : TN_DROP_UNROUTABLE);
    return 1;
}

/* True: there may be more. */
static bool transmit_batch(struct tni_session *session)
{
    struct tni_chain *chain = tni_session_out(session);
    struct outgoing out;
    int count = collect(session, &out);
    int at = 0;

    while (at < count) {
        int done = hand_out(session, &out, at, count);
        if (done == 0) {
            congested(session);
            break;
        }
        tni_chain_handed(chain, (uint64_t)done);
        at += done;
    }
    return count == BATCH && session->tx_ready;
}

static bool transmit(struct tni_session *session)
{
    bool has_more = session->tx_ready;

    if (!session->duplex)
        return false;
    for (int i = 0; i < BATCHES && has_more; i++)
        has_more = transmit_batch(session);
    if (session->tx_ready)
        atomic_store(&session->is_congested, false);
    if (tni_chain_release_kept(tni_session_out(session)))
        tni_duplex_wake_other(session->duplex, 1, TNI_WAKE_SPACE);
    return has_more;
}

static int transfer(struct tni_session *session, bool *out_again)
{
    receive(session);
    *out_again = transmit(session) || session->rx_ready;
    return 0;
}

const struct tni_session_kind tni_datagram_kind = {
    .check = check,
    .bind = bind_address,
    .start = start,
    .established = established,
    .transfer = transfer,
};
