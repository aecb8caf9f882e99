#include "script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "fake_socket.h"

enum { FRAMES = 8, FRAME_SIZE = 1024 };

struct text_frame {
    uint8_t bytes[FRAME_SIZE];
    size_t size;
    uint8_t flags;
    uint32_t routing_id;
};

struct step {
    const char *text;
    char verb[16];
    char name[40];
    long number;
    bool has_message;
    struct text_frame frames[FRAMES];
    size_t count;
    int code;
    struct tn_sock *sock;
    struct tn_pipe *pipe;
};

static void bad(const struct step *step, const char *what, long got)
{
    print_error("step \"%s\": %s %ld\n", step->text, what, got);
    fail();
}

/* ------------------------------------------------------------------ reading a step */

static void put(struct text_frame *frame, const void *bytes, size_t size)
{
    assert_true(frame->size + size <= FRAME_SIZE);
    memcpy(frame->bytes + frame->size, bytes, size);
    frame->size += size;
}

static const char *read_escape(const char *at, struct text_frame *frame)
{
    uint32_t number = FAKE_RANDOM;
    uint8_t id[5] = {0};
    uint8_t hundred[100];

    switch (*at++) {
    case '0':
        put(frame, "\0", 1);
        break;
    case '1':
        put(frame, "\1", 1);
        break;
    case 'L':
        memset(hundred, 'L', sizeof(hundred));
        put(frame, hundred, sizeof(hundred));
        break;
    case 'S':
        frame->flags |= TN_MSG_SUBSCRIBE;
        break;
    case 'C':
        frame->flags |= TN_MSG_CANCEL;
        break;
    case 'J':
        frame->flags |= TN_MSG_JOIN;
        break;
    case 'V':
        frame->flags |= TN_MSG_LEAVE;
        break;
    case 'n':
        number += (uint32_t)(*at++ - '1');
        id[3] = (uint8_t)(number >> 8);
        id[4] = (uint8_t)number;
        put(frame, id, sizeof(id));
        break;
    case 'r':
        frame->routing_id = number + (uint32_t)(*at++ - '1');
        break;
    case 's':
        number += (uint32_t)(*at++ - '0');
        put(frame, (const uint8_t[]){0x80, 0, (uint8_t)(number >> 8), (uint8_t)number}, 4);
        break;
    case 'q':
        number += (uint32_t)(*at++ - '0');
        put(frame, &number, sizeof(number));
        break;
    default:
        fail_msg("unknown escape ^%c", at[-1]);
    }
    return at;
}

static void read_message(struct step *step, const char *at, const char *end)
{
    struct text_frame *frame = &step->frames[0];

    step->has_message = true;
    step->count = 1;
    while (at < end) {
        if (*at == '|') {
            assert_true(step->count < FRAMES);
            frame->flags |= TN_MSG_MORE;
            frame = &step->frames[step->count++];
            at++;
        } else if (*at == '^') {
            at = read_escape(at + 1, frame);
        } else {
            put(frame, at++, 1);
        }
    }
}

static int code_named(const char *name)
{
    static const struct {
        const char *name;
        int code;
    } codes[] = {
        {"EAGAIN", -EAGAIN},     {"EFSM", -TN_EFSM},  {"EHOSTUNREACH", -EHOSTUNREACH},
        {"EBUSY", -EBUSY},       {"EINVAL", -EINVAL}, {"ENOTSUP", -ENOTSUP},
        {"EMSGSIZE", -EMSGSIZE}, {"ENOMEM", -ENOMEM}, {"ETIMEDOUT", -ETIMEDOUT},
    };
    size_t i;

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i].name, name) == 0)
            return codes[i].code;
    }
    fail_msg("unknown code %s", name);
    return 0;
}

static void read_words(struct step *step, const char *at, const char *end)
{
    char words[64] = "";
    char *save = NULL;
    char *word;

    assert_true((size_t)(end - at) < sizeof(words));
    memcpy(words, at, (size_t)(end - at));
    word = strtok_r(words, " ", &save);
    (void)snprintf(step->verb, sizeof(step->verb), "%s", word);
    while ((word = strtok_r(NULL, " ", &save))) {
        if (word[0] >= 'A' && word[0] <= 'H' && !word[1])
            step->pipe = &step->sock->pipes[word[0] - 'A'];
        else if ((word[0] >= '0' && word[0] <= '9') || (word[0] == '-' && word[1]))
            step->number = strtol(word, NULL, 10);
        else
            (void)snprintf(step->name, sizeof(step->name), "%s", word);
    }
}

static void read_step(struct step *step)
{
    const char *end = step->text + strlen(step->text);
    const char *equals = strstr(step->text, " = ");
    const char *colon = strchr(step->text, ':');

    if (equals) {
        step->code = code_named(equals + 3);
        end = equals;
    }
    if (colon) {
        const char *at = colon + 1;

        if (at < end && *at == ' ')
            at++;
        read_message(step, at, end);
        end = colon;
    }
    read_words(step, step->text, end);
}

/* ------------------------------------------------------------------ frames */

static void check_frame(struct step *step, const struct text_frame *want, const uint8_t *bytes,
                        size_t size, uint8_t flags)
{
    const uint8_t mask = TN_MSG_MORE | TN_MSG_REQUEST;

    if (size != want->size || memcmp(bytes, want->bytes, size) != 0) {
        print_error("got \"%.*s\"\n", (int)size, (const char *)bytes);
        bad(step, "a frame of another body, size", (long)size);
    }
    if ((flags & mask) != want->flags)
        bad(step, "a frame with flags", flags & mask);
}

static void mark_unfinished(struct step *step)
{
    if (strchr(step->verb, '+'))
        step->frames[step->count - 1].flags |= TN_MSG_MORE;
}

static void do_send(struct step *step)
{
    size_t i;
    int rc = 0;

    mark_unfinished(step);
    for (i = 0; i < step->count && rc >= 0; i++) {
        tn_msg_t msg;

        /* Both kinds of body that a program can send. */
        if (i % 2 == 0) {
            assert_int_equal(tn_msg_init_copy(&msg, step->frames[i].bytes, step->frames[i].size),
                             0);
        } else {
            tn_msg_borrow(&msg, step->frames[i].bytes, step->frames[i].size);
        }
        msg.flags = step->frames[i].flags;
        msg.routing_id = step->frames[i].routing_id;
        if (step->sock->group[0])
            assert_int_equal(tn_msg_set_group(&msg, step->sock->group), 0);
        rc = step->sock->ops->send ? step->sock->ops->send(step->sock->state, &msg) : -ENOTSUP;
        fake_socket_settle(step->sock);
        tn_msg_close(&msg);
    }
    if (rc != step->code && rc <= 0)
        bad(step, "send returned", rc);
}

static void do_recv(struct step *step)
{
    size_t i;

    mark_unfinished(step);
    if (!step->has_message)
        step->count = 1;
    for (i = 0; i < step->count; i++) {
        tn_msg_t msg;
        int rc;

        tn_msg_clear(&msg);
        rc = step->sock->ops->recv ? step->sock->ops->recv(step->sock->state, &msg) : -ENOTSUP;
        if (rc != step->code)
            bad(step, "recv returned", rc);
        if (rc == 0)
            check_frame(step, &step->frames[i], tn_msg_bytes(&msg), tn_msg_length(&msg), msg.flags);
        if (rc == 0 && msg.routing_id != step->frames[i].routing_id)
            bad(step, "a message with the routing id", msg.routing_id);
        if (rc == 0)
            snprintf(step->sock->group, sizeof(step->sock->group), "%s", tn_msg_group(&msg));
        tn_msg_close(&msg);
        fake_socket_settle(step->sock);
    }
}

/* What the core does in place of `send`, with its three ops. */
static int send_short(struct step *step)
{
    struct tn_sock *sock = step->sock;
    bool is_quiet = !tni_fair_queue_can_recv(&sock->fair, NULL);
    tn_pipe_t *pipe = sock->ops->delimited_to(
        sock->state, is_quiet ? tni_load_balancer_only(&sock->balance) : NULL);

    if (!pipe)
        return -EAGAIN;
    fake_frames_put(&pipe->out, "", 0, TN_MSG_MORE);
    fake_frames_put(&pipe->out, step->frames[0].bytes, step->frames[0].size, 0);
    sock->ops->delimited_done(sock->state, pipe, 1);
    return 0;
}

static void do_short(struct step *step)
{
    int rc = send_short(step);

    if (rc != step->code)
        bad(step, "the short way gave", rc);
}

/* Likewise for `recv`; what is there has been seen to be behind a delimiter. */
static void do_get(struct step *step)
{
    struct tn_sock *sock = step->sock;
    tn_pipe_t *pipe = tni_fair_queue_only(&sock->fair);
    int rc = pipe && sock->ops->delimited_from(sock->state, pipe) ? 0 : -EAGAIN;

    if (rc != step->code)
        bad(step, "the short way gave", rc);
    if (rc == 0) {
        struct fake_frame *delimiter = fake_frames_take(&pipe->in);
        struct fake_frame *body = fake_frames_take(&pipe->in);

        assert_true(delimiter && body);
        check_frame(step, &(struct text_frame){.flags = TN_MSG_MORE}, delimiter->body,
                    delimiter->size, delimiter->flags);
        check_frame(step, &step->frames[0], body->body, body->size, body->flags);
        free(delimiter);
        free(body);
        sock->ops->delimited_done(sock->state, pipe, 0);
    }
}

static void do_in(struct step *step)
{
    struct tn_sock *sock = step->sock;
    size_t i;

    for (i = 0; i < step->count; i++)
        fake_frames_put(&step->pipe->in, step->frames[i].bytes, step->frames[i].size,
                        step->frames[i].flags);
    if (sock->ops->readable)
        sock->ops->readable(sock->state, step->pipe, step->pipe->state);
}

static void do_out(struct step *step)
{
    size_t i;

    for (i = 0; i < step->count; i++) {
        struct fake_frame *frame = fake_frames_take(&step->pipe->out);

        if (!frame)
            bad(step, "nothing was sent, frame", (long)i);
        check_frame(step, &step->frames[i], frame->body, frame->size, frame->flags);
        free(frame);
    }
}

static void do_none(struct step *step)
{
    if (step->pipe->out.first)
        bad(step, "something was sent, messages:", (long)step->pipe->out.messages);
}

static void do_drain(struct step *step)
{
    struct tn_sock *sock = step->sock;

    fake_frames_clear(&step->pipe->out);
    if (sock->ops->writable)
        sock->ops->writable(sock->state, step->pipe, step->pipe->state);
}

/* ------------------------------------------------------------------ pipes */

static void do_attach(struct step *step)
{
    struct tn_sock *sock = step->sock;
    int rc;

    step->pipe->was_closed = false;
    step->pipe->is_closed = false;
    rc = sock->ops->attach(sock->state, step->pipe, step->pipe->state);
    step->pipe->is_attached = rc == 0;
    if (rc != step->code)
        bad(step, "attach returned", rc);
}

static void do_connect(struct step *step)
{
    struct tn_sock *sock = step->sock;
    int rc = 0;

    step->pipe->connections++;
    step->pipe->is_alive = true;
    if (sock->ops->connected)
        rc = sock->ops->connected(sock->state, step->pipe, step->pipe->state);
    if (rc != step->code)
        bad(step, "connected returned", rc);
}

static void do_peer(struct step *step)
{
    do_attach(step);
    if (step->pipe->is_attached)
        do_connect(step);
}

static void do_lose(struct step *step)
{
    struct tn_sock *sock = step->sock;

    step->pipe->is_alive = false;
    if (sock->ops->flags & TN_PATTERN_REBUILDS) {
        fake_frames_clear(&step->pipe->out);
        tni_pipe_rollback(step->pipe);
    }
    if (sock->ops->disconnected)
        sock->ops->disconnected(sock->state, step->pipe, step->pipe->state);
}

static void do_detach(struct step *step)
{
    struct tn_sock *sock = step->sock;

    sock->ops->detach(sock->state, step->pipe, step->pipe->state);
    step->pipe->is_attached = false;
    step->pipe->is_closed = true;
    step->pipe->connections = 0;
    fake_frames_clear(&step->pipe->in);
    memset(step->pipe->state, 0, sock->ops->pipe_state);
}

static void do_id(struct step *step)
{
    memcpy(step->pipe->id, step->frames[0].bytes, step->frames[0].size);
    step->pipe->id_size = step->frames[0].size;
}

static void do_next(struct step *step)
{
    memcpy(step->pipe->next_id, step->frames[0].bytes, step->frames[0].size);
    step->pipe->next_id_size = step->frames[0].size;
}

static void do_hwm(struct step *step)
{
    step->pipe->hwm = (size_t)step->number;
}

static void do_fail(struct step *step)
{
    step->pipe->fail_write = (unsigned)step->number;
}

static void do_oom(struct step *step)
{
    (void)tni_memory_fail_at((unsigned long)step->number, 1);
}

static void do_gone(struct step *step)
{
    step->pipe->is_closed = true;
}

static void do_outgoing(struct step *step)
{
    step->pipe->is_outgoing = true;
}

static void do_number(struct step *step)
{
    struct tn_sock *sock = step->sock;
    uint32_t number = 0;
    int rc = sock->ops->peer_number(sock->state, step->pipe, step->pipe->state, &number);

    if (rc || number != step->frames[0].routing_id)
        bad(step, "the peer has the number", number);
}

static void do_part(struct step *step)
{
    int rc = step->sock->ops->disconnect_peer(step->sock->state, step->frames[0].routing_id);

    if (rc != step->code)
        bad(step, "disconnect_peer returned", rc);
}

static void do_closed(struct step *step)
{
    if (!step->pipe->was_closed)
        bad(step, "the pipe is open", 0);
}

/* ------------------------------------------------------------------ the rest */

static void do_poll(struct step *step)
{
    unsigned want =
        (strchr(step->name, 'i') ? TN_POLLIN : 0u) | (strchr(step->name, 'o') ? TN_POLLOUT : 0u);
    unsigned got = step->sock->ops->poll(step->sock->state);

    fake_socket_settle(step->sock);
    if (got != want)
        bad(step, "poll returned", (long)got);
}

static void do_set(struct step *step)
{
    int rc = fake_socket_set(step->sock, step->name, step->frames[0].bytes, step->frames[0].size,
                             step->number);

    if (rc != step->code)
        bad(step, "set returned", rc);
}

static void do_subscribe(struct step *step)
{
    struct tn_sock *sock = step->sock;
    int rc = sock->ops->subscribe
                 ? sock->ops->subscribe(sock->state, step->frames[0].bytes, step->frames[0].size,
                                        strcmp(step->verb, "sub") == 0)
                 : -ENOTSUP;

    if (rc != step->code)
        bad(step, "subscribe returned", rc);
}

static void do_join(struct step *step)
{
    struct tn_sock *sock = step->sock;
    char name[FRAME_SIZE + 1] = "";
    int rc;

    memcpy(name, step->frames[0].bytes, step->frames[0].size);
    rc = sock->ops->join(sock->state, name, step->frames[0].size, strcmp(step->verb, "join") == 0);
    if (rc != step->code)
        bad(step, "join returned", rc);
}

static void do_group(struct step *step)
{
    size_t size = step->frames[0].size;

    assert_true(size < sizeof(step->sock->group));
    memcpy(step->sock->group, step->frames[0].bytes, size);
    step->sock->group[size] = '\0';
}

static void do_from(struct step *step)
{
    const char *group = step->sock->group;

    if (strlen(group) != step->frames[0].size ||
        memcmp(group, step->frames[0].bytes, strlen(group)) != 0) {
        print_error("got \"%s\"\n", group);
        bad(step, "another group, size", (long)strlen(group));
    }
}

static void do_subs(struct step *step)
{
    if (step->sock->subscriptions != (size_t)step->number)
        bad(step, "the host was told of", (long)step->sock->subscriptions);
}

static void do_drop(struct step *step)
{
    int i = 0;
    uint64_t now;

    while (i < TN_DROP_REASONS && strcmp(tn_drop_name(i), step->name) != 0)
        i++;
    assert_true(i < TN_DROP_REASONS);
    now = step->sock->dropped[i];
    if (now - step->sock->drops_seen[i] != (uint64_t)step->number)
        bad(step, "dropped", (long)(now - step->sock->drops_seen[i]));
    step->sock->drops_seen[i] = now;
}

static void do_clock(struct step *step)
{
    fake_now += (uint64_t)step->number;
}

static void do_deadline(struct step *step)
{
    uint64_t at = step->sock->deadline;
    long left = at == 0 || at == UINT64_MAX ? 0 : (long)(at - fake_now);

    if (left != step->number)
        bad(step, "the deadline is in", left);
}

static const struct {
    const char *verb;
    void (*act)(struct step *step);
} verbs[] = {
    {"peer", do_peer},     {"attach", do_attach}, {"connect", do_connect},   {"lose", do_lose},
    {"detach", do_detach}, {"id", do_id},         {"next", do_next},         {"hwm", do_hwm},
    {"fail", do_fail},     {"oom", do_oom},       {"gone", do_gone},         {"in", do_in},
    {"out", do_out},       {"none", do_none},     {"drain", do_drain},       {"send", do_send},
    {"send+", do_send},    {"recv", do_recv},     {"recv+", do_recv},        {"poll", do_poll},
    {"set", do_set},       {"sub", do_subscribe}, {"unsub", do_subscribe},   {"subs", do_subs},
    {"drop", do_drop},     {"closed", do_closed}, {"outgoing", do_outgoing}, {"number", do_number},
    {"part", do_part},     {"join", do_join},     {"leave", do_join},        {"group", do_group},
    {"from", do_from},     {"clock", do_clock},   {"deadline", do_deadline}, {"short", do_short},
    {"get", do_get},
};

static void act(struct step *step)
{
    size_t i;

    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].verb, step->verb) == 0) {
            verbs[i].act(step);
            return;
        }
    }
    bad(step, "no such verb", 0);
}

void run_script(const tn_module_t *module, const char *pattern, const char *const *steps)
{
    struct tn_sock *sock = calloc(1, sizeof(*sock));
    struct step *step = malloc(sizeof(*step));

    (void)tni_memory_fail_at(0, 0);
    fake_socket_open(sock, module, pattern);
    for (; *steps; steps++) {
        memset(step, 0, sizeof(*step));
        step->text = *steps;
        step->sock = sock;
        read_step(step);
        act(step);
        fake_socket_settle(sock);
    }
    fake_socket_close(sock);
    free(step);
    free(sock);
}
