#include <errno.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "socket/parts.h"

/* Messages that one direction moves before the other one and the control get their turn. */
enum { BURST = 256, MAX_ITEMS = 4, USUAL_PARTS = 8 };

/* One direction. It waits either for something to read, or for room at a socket that had none: never
 * for both, so that a full side does not make the loop spin. */
struct lane {
    tn_socket_t *from, *to;
    tn_socket_t *awaited; /* the socket that must have room first, or NULL */
    struct tni_parts held; /* a message that `to` had no room for after all */
    uint64_t messages_read, bytes_read, messages_written, bytes_written;
};

struct proxy {
    struct lane lanes[2]; /* from the frontend, from the backend */
    size_t lane_count; /* 1 when both are the same socket */
    tn_socket_t *capture, *control;
    struct tni_parts copy; /* for the capture, empty between messages */
    bool is_paused;
    bool is_terminated;
};

/* What to ask tn_poll(): each socket once. */
struct poll_set {
    tn_pollitem_t items[MAX_ITEMS];
    size_t count;
};

static void ask(struct poll_set *set, tn_socket_t *socket, short events)
{
    size_t i = 0;

    while (i < set->count && set->items[i].socket != socket)
        i++;
    if (i == set->count)
        set->items[set->count++] = (tn_pollitem_t){.socket = socket, .fd = -1};
    set->items[i].events |= events;
}

static bool answered(const struct poll_set *set, tn_socket_t *socket, short event)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i].socket == socket)
            return (set->items[i].revents & event) != 0;
    }
    return false;
}

static int poll_all(struct poll_set *set, int timeout)
{
    int status = set->count == 0 ? 0 : tn_poll(set->items, set->count, timeout);

    for (size_t i = 0; status > 0 && i < set->count; i++) {
        if (set->items[i].revents & TN_POLLERR)
            return tni_fail(-TN_ECLOSED, "tn_proxy: one of its sockets was closed");
    }
    return status < 0 ? status : 0;
}

/* ------------------------------------------------------------------ whole messages */

static void note_drop(const char *what)
{
    tni_log(TN_LOG_WARN, "proxy", "%s was dropped: %s", what, tni_error_text());
}

/* Reads the rest of a message for nobody. */
static int skip_rest(tn_socket_t *from)
{
    tn_msg_t msg;
    ssize_t size;
    TNI_UNCANCELLED; /* it is all there */

    tn_msg_init(&msg);
    do
        size = tn_msg_recv(from, &msg, 0);
    while (size >= 0 && tn_msg_more(&msg));
    tn_msg_close(&msg);
    return size < 0 ? (int)size : 0;
}

/* Holds the next message; none is held when there was no memory for all of it. -EAGAIN: there is
 * none. */
static int read_message(struct lane *lane)
{
    struct tni_parts *parts = &lane->held;
    tn_msg_t *msg;

    do {
        ssize_t size;

        if (parts->count == parts->room && tni_parts_reserve(parts, 2 * parts->room) < 0) {
            note_drop("a message");
            tni_parts_clear(parts);
            return skip_rest(lane->from);
        }
        msg = &parts->msgs[parts->count];
        size = tn_msg_recv(lane->from, msg, parts->count == 0 ? TN_DONTWAIT : 0);
        if (size < 0) {
            tni_parts_clear(parts);
            return (int)size;
        }
        parts->count++;
    } while (tn_msg_more(msg));
    lane->messages_read++;
    lane->bytes_read += tni_parts_bytes(parts);
    return 0;
}

static void send_to_capture(struct proxy *proxy)
{
    struct tni_parts *copy = &proxy->copy;

    if (tn_send_parts(proxy->capture, copy->msgs, copy->count, TN_DONTWAIT) < 0)
        note_drop("the copy for the capture socket");
    tni_parts_clear(copy);
}

/* What concerns one message alone does not end the proxy. */
static bool concerns_message(int status)
{
    return status == -EHOSTUNREACH || status == -ENOMEM;
}

/* -EAGAIN: the message is still held. */
static int write_message(struct proxy *proxy, struct lane *lane)
{
    uint64_t bytes = tni_parts_bytes(&lane->held);
    int status = 0;

    if (proxy->capture)
        status = tni_parts_copy(&proxy->copy, &lane->held);
    if (status == 0)
        status = tn_send_parts(lane->to, lane->held.msgs, lane->held.count, TN_DONTWAIT);
    if (status < 0) {
        tni_parts_clear(&proxy->copy);
        if (!concerns_message(status))
            return status;
        note_drop("a message");
        tni_parts_clear(&lane->held);
        return 0;
    }
    if (proxy->capture)
        send_to_capture(proxy);
    lane->messages_written++;
    lane->bytes_written += bytes;
    tni_parts_clear(&lane->held);
    return 0;
}

/* ------------------------------------------------------------------ one direction */

static int run_lane(struct proxy *proxy, struct lane *lane)
{
    /* With a capture its room is asked for before each message: it must not lose one. */
    int burst = proxy->capture ? 1 : BURST;

    for (int i = 0; i < burst; i++) {
        int status = lane->held.count > 0 ? 0 : read_message(lane);

        if (status == 0 && lane->held.count > 0)
            status = write_message(proxy, lane);
        if (status == -EAGAIN && lane->held.count > 0)
            lane->awaited = lane->to;
        if (status < 0)
            return status == -EAGAIN ? 0 : status;
    }
    return 0;
}

static void ask_for_lane(const struct lane *lane, struct poll_set *set)
{
    if (lane->awaited)
        ask(set, lane->awaited, TN_POLLOUT);
    else
        ask(set, lane->from, TN_POLLIN);
}

static bool is_due(const struct lane *lane, const struct poll_set *set)
{
    return lane->awaited ? answered(set, lane->awaited, TN_POLLOUT)
                         : answered(set, lane->from, TN_POLLIN);
}

/* A socket that is its own destination may send only what it has received before (REP): its room shows
 * when a message is held. */
static bool shows_room(const struct lane *lane)
{
    return lane->from != lane->to || lane->held.count > 0;
}

/* Finds out whether there is room for a message: if not, `awaited` says where it is missing. Asked
 * lane by lane, because the first may fill the capture that both share. */
static int look_for_room(const struct proxy *proxy, struct lane *lane)
{
    struct poll_set room = {.count = 0};
    int status;

    if (shows_room(lane))
        ask(&room, lane->to, TN_POLLOUT);
    if (proxy->capture)
        ask(&room, proxy->capture, TN_POLLOUT);
    status = poll_all(&room, 0);
    lane->awaited = NULL;
    if (shows_room(lane) && !answered(&room, lane->to, TN_POLLOUT))
        lane->awaited = lane->to;
    else if (proxy->capture && !answered(&room, proxy->capture, TN_POLLOUT))
        lane->awaited = proxy->capture;
    return status;
}

/* Serves the lanes that `ready` shows to be due and whose destination has room now. */
static int run_lanes(struct proxy *proxy, const struct poll_set *ready)
{
    int status = 0;

    for (size_t i = 0; status == 0 && i < proxy->lane_count; i++) {
        struct lane *lane = &proxy->lanes[i];

        if (!is_due(lane, ready))
            continue;
        status = look_for_room(proxy, lane);
        if (status == 0 && !lane->awaited)
            status = run_lane(proxy, lane);
    }
    return status;
}

/* ------------------------------------------------------------------ control */

static int send_statistics(struct proxy *proxy)
{
    const struct lane *front = &proxy->lanes[0];
    const struct lane *back = proxy->lane_count == 2 ? &proxy->lanes[1] : front;
    const uint64_t figures[8] = {
        front->messages_read, front->bytes_read, back->messages_written,  back->bytes_written,
        back->messages_read,  back->bytes_read,  front->messages_written, front->bytes_written,
    };
    tn_msg_t parts[8];

    for (size_t i = 0; i < 8; i++)
        tn_msg_init_copy(&parts[i], &figures[i], sizeof figures[i]);
    return tn_send_parts(proxy->control, parts, 8, TN_DONTWAIT);
}

static bool can_send(tn_socket_t *socket)
{
    tn_pollitem_t item = {.socket = socket, .fd = -1, .events = TN_POLLOUT};

    return tn_poll(&item, 1, 0) > 0 && (item.revents & TN_POLLOUT) != 0;
}

static bool is_command(const tn_msg_t *msg, const char *command)
{
    return tn_msg_size(msg) == strlen(command) &&
           memcmp(tn_msg_bytes(msg), command, strlen(command)) == 0;
}

static void obey(struct proxy *proxy, const tn_msg_t *msg, bool owes_answer)
{
    int status = 0;

    if (is_command(msg, "STATISTICS")) {
        status = send_statistics(proxy);
    } else {
        if (is_command(msg, "PAUSE"))
            proxy->is_paused = true;
        else if (is_command(msg, "RESUME"))
            proxy->is_paused = false;
        else if (is_command(msg, "TERMINATE"))
            proxy->is_terminated = true;
        else
            tni_log(TN_LOG_WARN, "proxy",
                    "a control message of %zu bytes was ignored: it is none of PAUSE, RESUME, "
                    "TERMINATE and STATISTICS",
                    tn_msg_size(msg));
        if (owes_answer)
            status = tn_send(proxy->control, "", 0, TN_DONTWAIT);
    }
    if (status < 0)
        tni_log(TN_LOG_WARN, "proxy", "a control message got no answer: %s", tni_error_text());
}

/* A control socket that may send only after it has received takes no further command before it has
 * answered this one. */
static int take_command(struct proxy *proxy)
{
    bool could_send = can_send(proxy->control);
    tn_msg_t msg, rest;
    ssize_t size;
    TNI_UNCANCELLED; /* nothing of it waits */

    tn_msg_init(&msg);
    tn_msg_init(&rest);
    size = tn_msg_recv(proxy->control, &msg, TN_DONTWAIT);
    if (size >= 0 && tn_msg_more(&msg)) {
        do
            size = tn_msg_recv(proxy->control, &rest, 0);
        while (size >= 0 && tn_msg_more(&rest));
    }
    if (size >= 0)
        obey(proxy, &msg, !could_send && can_send(proxy->control));
    tn_msg_close(&msg);
    tn_msg_close(&rest);
    return size < 0 && size != -EAGAIN ? (int)size : 0;
}

/* ------------------------------------------------------------------ the loop */

static int turn(struct proxy *proxy)
{
    struct poll_set ready = {.count = 0};
    int status;

    for (size_t i = 0; i < proxy->lane_count && !proxy->is_paused; i++)
        ask_for_lane(&proxy->lanes[i], &ready);
    if (proxy->control)
        ask(&ready, proxy->control, TN_POLLIN);
    status = poll_all(&ready, -1);
    if (status == 0 && proxy->control && answered(&ready, proxy->control, TN_POLLIN))
        status = take_command(proxy);
    if (status < 0 || proxy->is_paused || proxy->is_terminated)
        return status;
    return run_lanes(proxy, &ready);
}

/* The sockets may go on being used: a held message gets its last chance. */
static void finish_lane(struct proxy *proxy, struct lane *lane)
{
    if (lane->held.count > 0 && write_message(proxy, lane) < 0)
        note_drop("a message that was being moved at the end");
}

static void finish(struct proxy *proxy)
{
    finish_lane(proxy, &proxy->lanes[0]);
    finish_lane(proxy, &proxy->lanes[1]);
}

static int run(struct proxy *proxy)
{
    int status = 0;

    for (size_t i = 0; i < 2 && status == 0; i++)
        status = tni_parts_reserve(&proxy->lanes[i].held, USUAL_PARTS);
    while (status == 0 && !proxy->is_terminated)
        status = turn(proxy);
    if (status == 0 || status == -EINTR)
        finish(proxy);
    return status == -EINTR ? tni_fail_code(status) : status;
}

static void free_parts(struct proxy *proxy)
{
    tni_parts_fini(&proxy->lanes[0].held);
    tni_parts_fini(&proxy->lanes[1].held);
    tni_parts_fini(&proxy->copy);
}

/* A message that was read gets through, if it can. */
static void on_cancel(void *arg)
{
    finish(arg);
    free_parts(arg);
}

int tn_proxy(tn_socket_t *frontend, tn_socket_t *backend, tn_socket_t *capture,
             tn_socket_t *control)
{
    struct proxy proxy = {
        .lanes = {{.from = frontend, .to = backend}, {.from = backend, .to = frontend}},
        .lane_count = frontend == backend ? 1 : 2,
        .capture = capture,
        .control = control,
    };
    int status;

    if (!frontend || !backend)
        return tni_fail(-EINVAL, "tn_proxy: the frontend or the backend is NULL");
    pthread_cleanup_push(on_cancel, &proxy);
    status = run(&proxy);
    pthread_cleanup_pop(0);
    free_parts(&proxy);
    return status;
}
