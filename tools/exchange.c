#include "exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "interrupt.h"
#include "responder.h"
#include "usage.h"

/** What failed has been said already. */
enum { TOLD = -ECANCELED };

/** What ended the run: 0 or a negative code of the library becomes an exit code. */
static int finish(struct peer *peer, int code, const char *what)
{
    const char *name = peer->kind->name;

    if (code >= 0 || interrupt_came())
        return TOOL_OK;
    if (code == TOLD)
        return TOOL_FAILED;
    if (code == -EAGAIN || code == -ETIMEDOUT)
        return tool_error(name, "%s: nothing moved for %" PRId64 " ms", what,
                          peer->options.timeout);
    return tool_library_error(name, what);
}

static bool has_reached(const struct peer *peer, int64_t done)
{
    return peer->options.count >= 0 && done >= peer->options.count;
}

static int pause_between(struct peer *peer)
{
    tn_pollitem_t item = {peer->socket, -1, 0, 0};

    if (!peer->options.interval || !peer->sent)
        return 0;
    return tn_poll(&item, 1, (int)peer->options.interval);
}

/** 1: `frames` has the next message of the input; 0: there is none; or a negative code. */
static int next_frames(struct peer *peer, struct frames *frames)
{
    const char *line = peer->options.data, *reason = "";
    size_t size = line ? strlen(line) : 0;
    int code = 1;

    if (!line)
        code = input_next(&peer->input, peer->socket, &line, &size);
    if (code <= 0)
        return code;
    if (peer->options.topic)
        code = frames_append(frames, peer->options.topic, strlen(peer->options.topic));
    if (code >= 0)
        code = format_decode(&peer->options.format, line, size, frames, &reason);
    if (code == -EINVAL) {
        tool_error(peer->kind->name, "line %" PRId64 " of the input is %s", peer->sent + 1, reason);
        return TOLD;
    }
    return code < 0 ? code : 1;
}

static int send_frames(struct peer *peer, const struct frames *frames)
{
    for (size_t i = 0; i < frames->count; i++) {
        int more = i + 1 < frames->count ? TN_MORE : 0;
        int code;
        do {
            code = tn_send(peer->socket, frames->items[i].data, frames->items[i].size, more);
        } while (code == -EINTR);
        if (code < 0)
            return code;
    }
    peer->sent++;
    return 0;
}

/** Sends the next message of the input. 1: done; 0: there is none; or a negative code. */
static int send_next(struct peer *peer)
{
    struct frames frames = {NULL, 0};
    int code = pause_between(peer);

    if (code >= 0)
        code = next_frames(peer, &frames);
    if (code > 0) {
        code = send_frames(peer, &frames);
        code = code < 0 ? code : 1;
    }
    frames_fini(&frames);
    return code;
}

static ssize_t receive_frame(struct peer *peer, tn_msg_t *msg, int flags)
{
    ssize_t size;

    do {
        size = tn_msg_recv(peer->socket, msg, flags);
    } while (size == -EINTR);
    return size;
}

/** Receives one message, prints it and, unless `keep` is NULL, adds its frames to it. */
static int receive_message(struct peer *peer, int flags, bool print, struct frames *keep)
{
    tn_msg_t msg;
    size_t index = 0;
    ssize_t code;
    int more;

    tn_msg_init(&msg);
    do {
        code = receive_frame(peer, &msg, flags);
        if (code < 0)
            break;
        more = tn_msg_more(&msg);
        if (print)
            format_write(&peer->options.format, stdout, tn_msg_data(&msg), tn_msg_size(&msg), index,
                         more);
        if (keep && frames_append(keep, tn_msg_data(&msg), tn_msg_size(&msg)))
            code = -ENOMEM;
        index++;
    } while (more && code >= 0);
    tn_msg_close(&msg);
    if (code < 0)
        return (int)code;
    if (print)
        fflush(stdout);
    peer->received++;
    return 0;
}

int exchange_send(struct peer *peer)
{
    int code = 1;

    while (code > 0 && !has_reached(peer, peer->sent))
        code = send_next(peer);
    return finish(peer, code, "sending");
}

int exchange_receive(struct peer *peer)
{
    int code = 0;

    while (code == 0 && !has_reached(peer, peer->received))
        code = receive_message(peer, 0, true, NULL);
    if (code == -EAGAIN && peer->options.count < 0)
        return TOOL_OK;
    return finish(peer, code, "receiving");
}

int exchange_request(struct peer *peer)
{
    int code = 1;

    while (!has_reached(peer, peer->received)) {
        code = send_next(peer);
        if (code <= 0)
            return finish(peer, code, "sending a request");
        code = receive_message(peer, 0, true, NULL);
        if (code < 0)
            return finish(peer, code, "waiting for the reply");
    }
    return TOOL_OK;
}

static int reply_from_input(struct peer *peer)
{
    int code = receive_message(peer, 0, true, NULL);

    return code < 0 ? code : send_next(peer);
}

static int reply_from_options(struct peer *peer)
{
    struct frames request = {NULL, 0}, reply = {NULL, 0};
    int code = receive_message(peer, 0, peer->options.verbose, &request);

    if (code == 0) {
        code = responder_reply(&peer->options, &request, &reply) ? TOLD : 1;
        if (code > 0 && send_frames(peer, &reply) < 0)
            code = tn_last_code();
    }
    frames_fini(&request);
    frames_fini(&reply);
    return code;
}

int exchange_reply(struct peer *peer)
{
    const struct peer_options *options = &peer->options;
    bool fixed = options->reply || options->echo || options->exec;
    int code = 1;

    while (code > 0 && !has_reached(peer, peer->sent))
        code = fixed ? reply_from_options(peer) : reply_from_input(peer);
    if (code == -EAGAIN && options->count < 0)
        return TOOL_OK;
    return finish(peer, code, "waiting for a request");
}

/** Sends what complete lines there are. 1: go on; 0: the input has ended; or a negative code. */
static int send_ready_lines(struct peer *peer)
{
    struct frames frames = {NULL, 0};
    const char *line, *reason;
    size_t size;
    int code = 1;

    while (code >= 0 && input_take(&peer->input, &line, &size)) {
        code = format_decode(&peer->options.format, line, size, &frames, &reason);
        if (code == -EINVAL) {
            tool_error(peer->kind->name, "a line of the input is %s", reason);
            code = TOLD;
        }
        if (code >= 0)
            code = send_frames(peer, &frames);
        frames_fini(&frames);
    }
    return code < 0 ? code : !peer->input.ended;
}

static int receive_ready(struct peer *peer)
{
    int code = 0;

    while (code == 0 && !has_reached(peer, peer->received))
        code = receive_message(peer, TN_DONTWAIT, true, NULL);
    return code == -EAGAIN ? 0 : code;
}

static int send_data(struct peer *peer)
{
    int64_t times = peer->options.count < 0 ? 1 : peer->options.count;
    int code = 1;

    while (code > 0 && peer->sent < times)
        code = send_next(peer);
    return code;
}

/** One wait for either side. 1: go on; 0: a timeout; or a negative code. */
static int exchange_once(struct peer *peer, bool *io_reading)
{
    tn_pollitem_t items[] = {{peer->socket, -1, TN_POLLIN, 0},
                             {NULL, peer->input.fd, TN_POLLIN, 0}};
    int code = tn_poll(items, *io_reading ? 2 : 1, (int)peer->options.timeout);

    if (code == -EINTR)
        return 1;
    if (code <= 0)
        return code;
    if (items[0].revents)
        code = receive_ready(peer);
    if (code < 0 || !*io_reading || !items[1].revents)
        return code < 0 ? code : 1;
    code = input_fill(&peer->input);
    if (code == 0)
        code = send_ready_lines(peer);
    *io_reading = code > 0;
    return code < 0 ? code : 1;
}

int exchange_both(struct peer *peer)
{
    bool reading = !peer->options.data;
    int code = reading ? 1 : send_data(peer);

    while (code > 0 && !has_reached(peer, peer->received))
        code = exchange_once(peer, &reading);
    if (code == 0 && peer->options.count >= 0)
        code = -ETIMEDOUT;
    return finish(peer, code, "waiting for messages");
}
