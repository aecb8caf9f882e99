/* Follows the script of a pattern: its socket against peers that speak as the script says. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tenon/pattern.h>

#include "pattern_cases.h"
#include "raw.h"
#include "script.h"
#include "sides.h"

enum { PEERS_MAX = 16, NAMES_MAX = 32, WAIT = 2000, QUIET = 30, BODY = 1 << 16 };

struct peer {
    char name[32]; /* "": free */
    tn_socket_t *socket;
    int fd; /* of a stream or for datagrams; else -1 */
};

struct known {
    char name[64];
    uint8_t bytes[SCRIPT_TEXT];
    size_t size;
};

struct play {
    const struct subject *subject;
    const struct script *script;
    const struct script_step *step;
    const char *title; /* of the case */
    tn_ctx_t *ctx;
    tn_socket_t *socket;
    char endpoint[SIDE_ENDPOINT];
    struct peer peers[PEERS_MAX];
    struct known known[NAMES_MAX];
    uint64_t dropped[TN_DROP_REASONS];
    int calls;
};

#define EXPECT(play, condition, ...)                                                               \
    do {                                                                                           \
        if (!(condition))                                                                          \
            wrong(play, __VA_ARGS__);                                                              \
    } while (0)

static void wrong(struct play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void wrong(struct play *play, const char *format, ...)
{
    char text[700];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    conform_fail("line %d of the script, case \"%s\": %s", play->step->line, play->title, text);
}

/* ---- frames ---- */

static void print(const void *data, size_t size, char out[80])
{
    size_t used = 0;

    for (size_t i = 0; i < size && used < 70; i++) {
        unsigned char c = ((const unsigned char *)data)[i];

        used += (size_t)snprintf(out + used, 80 - used, c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
    }
    out[used] = '\0';
}

static struct known *find_known(struct play *play, const struct script_frame *frame)
{
    for (int i = 0; i < NAMES_MAX; i++)
        if (play->known[i].name[0] == '\0' ||
            strcmp(play->known[i].name, (const char *)frame->bytes) == 0)
            return &play->known[i];
    wrong(play, "too many names");
}

/* The bytes of a frame that is to be sent. */
static const void *bytes_of(struct play *play, const struct script_frame *frame, size_t *out_size)
{
    const struct known *known;

    *out_size = frame->size;
    if (!frame->is_name)
        return frame->bytes;
    known = find_known(play, frame);
    EXPECT(play, known->name[0], "$%s has not been met yet", (const char *)frame->bytes);
    *out_size = known->size;
    return known->bytes;
}

/* Whether a frame that came is the one; a name that is new learns it. */
static void match(struct play *play, const struct script_frame *frame, const void *data,
                  size_t size, const char *what)
{
    char got[80], want[80];
    const void *bytes;
    size_t length;

    if (frame->is_name) {
        struct known *known = find_known(play, frame);

        if (!known->name[0] && size <= sizeof known->bytes) {
            snprintf(known->name, sizeof known->name, "%.63s", (const char *)frame->bytes);
            memcpy(known->bytes, data, size);
            known->size = size;
        }
    }
    bytes = bytes_of(play, frame, &length);
    print(data, size, got);
    print(bytes, length, want);
    EXPECT(play, size == length && memcmp(data, bytes, size) == 0, "%s is \"%s\", not \"%s\"", what,
           got, want);
}

/* ---- peers ---- */

static struct peer *find_peer(struct play *play, const char *name)
{
    for (int i = 0; i < PEERS_MAX; i++)
        if (strcmp(play->peers[i].name, name) == 0)
            return &play->peers[i];
    wrong(play, name[0] ? "there is no peer %s" : "there are too many peers%s", name);
}

/* Everybody takes in what has happened. */
static void settle(struct play *play)
{
    for (int round = 0; round < 3; round++) {
        tn_pollitem_t item = {.socket = play->socket, .events = TN_POLLIN | TN_POLLOUT};

        tn_poll(&item, 1, 0);
        for (int i = 0; i < PEERS_MAX; i++) {
            item.socket = play->peers[i].socket;
            if (item.socket)
                tn_poll(&item, 1, 0);
        }
    }
}

/* With the first peer, so that options come before. */
static void bind_once(struct play *play)
{
    const char *endpoint = play->script->is_streams     ? "tcp://127.0.0.1:*"
                           : play->script->is_datagrams ? "udp://127.0.0.1:*"
                                                        : "inproc://conform";
    size_t size = sizeof play->endpoint;

    if (play->endpoint[0])
        return;
    EXPECT(play, tn_bind(play->socket, endpoint) == 0, "%s", tn_last_error());
    EXPECT(play, tn_get_str(play->socket, "last_endpoint", play->endpoint, &size) == 0, "%s",
           tn_last_error());
}

static int dial(struct play *play)
{
    const char *colon = strrchr(play->endpoint, ':');
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)atoi(colon ? colon + 1 : "0"))};
    int fd =
        socket(AF_INET, (play->script->is_streams ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

    EXPECT(play, fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0,
           "cannot connect to %s: %s", play->endpoint, strerror(errno));
    return fd;
}

static void meet(struct play *play, struct peer *peer)
{
    char endpoint[64];

    if (play->step->verb == SCRIPT_ARRIVES) {
        EXPECT(play, tn_connect(peer->socket, play->endpoint) == 0, "%s", tn_last_error());
        return;
    }
    snprintf(endpoint, sizeof endpoint, "inproc://conform-called-%d", play->calls++);
    EXPECT(play, tn_bind(peer->socket, endpoint) == 0, "%s", tn_last_error());
    EXPECT(play, tn_connect(play->socket, endpoint) == 0, "%s", tn_last_error());
}

static void do_peer(struct play *play)
{
    const struct script_step *step = play->step;
    struct peer *peer = find_peer(play, "");
    tn_stats_t stats;
    size_t size;

    snprintf(peer->name, sizeof peer->name, "%s", step->peer);
    bind_once(play);
    if (play->script->is_streams || play->script->is_datagrams) {
        peer->fd = dial(play);
        return;
    }
    peer->socket = raw_socket(play->ctx, play->subject, step->has_word ? step->word : NULL);
    if (step->has_number)
        tn_set_int(peer->socket, "rcvhwm", step->number);
    if (step->has_other) {
        const void *id = bytes_of(play, &step->other, &size);

        EXPECT(play, tn_set_blob(peer->socket, "routing_id", id, size) == 0, "%s", tn_last_error());
    }
    meet(play, peer);
    settle(play);
    EXPECT(play, tn_stats(peer->socket, &stats) == 0, "%s", tn_last_error());
    if (step->expects_refusal)
        EXPECT(play, stats.peers == 0, "%s was not refused", step->peer);
    else
        EXPECT(play, stats.peers == 1, "%s was refused", step->peer);
}

static void do_leaves(struct play *play)
{
    struct peer *peer = find_peer(play, play->step->peer);

    if (peer->fd >= 0)
        close(peer->fd);
    if (peer->socket)
        tn_close(peer->socket);
    *peer = (struct peer){.fd = -1};
    settle(play);
}

/* ---- what peers send and get ---- */

static void fd_send(struct play *play, const struct peer *peer,
                    const struct script_message *message)
{
    size_t size;
    const void *bytes = bytes_of(play, &message->frame[0], &size);

    EXPECT(play, message->count == 1, "it is one frame at a time here");
    EXPECT(play, send(peer->fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size, "%s", strerror(errno));
}

static void peer_sends(struct play *play, const char *name, const struct script_message *message)
{
    const struct peer *peer = find_peer(play, name);

    if (peer->fd >= 0) {
        fd_send(play, peer, message);
        return;
    }
    for (size_t i = 0; i < message->count; i++) {
        bool has_more = i + 1 < message->count || message->has_more;
        size_t size;
        const void *bytes = bytes_of(play, &message->frame[i], &size);
        int rc = message->flags
                     ? raw_send_request(peer->socket, bytes, size, message->flags)
                     : tn_send(peer->socket, bytes, size, TN_DONTWAIT | (has_more ? TN_MORE : 0));

        EXPECT(play, rc == 0, "%s cannot send: %s", name, tn_strerror(rc));
    }
    settle(play);
}

/* Bytes come in pieces. */
static void fd_gets(struct play *play, const struct peer *peer,
                    const struct script_message *message)
{
    static char body[BODY];
    struct pollfd item = {.fd = peer->fd, .events = POLLIN};
    size_t wanted = 0, size = 0;

    if (!message->is_nothing)
        bytes_of(play, &message->frame[0], &wanted);
    while (poll(&item, 1, message->is_nothing ? QUIET : WAIT) == 1) {
        ssize_t got = recv(peer->fd, body + size, sizeof body - size, 0);

        if (got <= 0)
            break;
        size += (size_t)got;
        if (size >= wanted)
            break;
    }
    EXPECT(play, !message->is_nothing || size == 0, "%s gets %zu bytes", peer->name, size);
    if (!message->is_nothing)
        match(play, &message->frame[0], body, size, peer->name);
}

static void expect_quiet(struct play *play, const struct peer *peer)
{
    char got[80], body[100];
    ssize_t size;

    settle(play);
    size = tn_recv(peer->socket, body, sizeof body, TN_DONTWAIT);
    print(body, size < 0 ? 0 : size > (ssize_t)sizeof body ? sizeof body : (size_t)size, got);
    EXPECT(play, size < 0, "%s gets \"%s\"", peer->name, got);
}

static void peer_gets(struct play *play, const char *name, const struct script_message *message)
{
    const struct peer *peer = find_peer(play, name);

    if (peer->fd >= 0) {
        fd_gets(play, peer, message);
        return;
    }
    settle(play);
    if (message->is_nothing) {
        expect_quiet(play, peer);
        return;
    }
    tn_set_int(peer->socket, "rcvtimeo", WAIT);
    for (size_t i = 0; i < message->count; i++) {
        bool has_more = i + 1 < message->count || message->has_more;
        char what[64];
        tn_msg_t msg;

        tn_msg_init(&msg);
        snprintf(what, sizeof what, "frame %zu that %.20s gets", i + 1, name);
        EXPECT(play, tn_msg_recv(peer->socket, &msg, 0) >= 0, "%s gets nothing", name);
        match(play, &message->frame[i], tn_msg_data(&msg), tn_msg_size(&msg), what);
        EXPECT(play, raw_flags(peer->socket) == message->flags, "%s is %s request", what,
               message->flags ? "no such" : "a");
        EXPECT(play, message->flags || tn_msg_more(&msg) == has_more, "%s %s", what,
               has_more ? "is the last one" : "is not the last one");
        tn_msg_close(&msg);
    }
}

/* ---- what the socket does ---- */

static void check_code(struct play *play, int rc)
{
    int expected = play->step->expected;

    if (rc > 0)
        rc = 0;
    EXPECT(play, rc == expected, "it gives %s (%s), not %s", rc ? tn_strerror(rc) : "success",
           rc ? tn_last_error() : "", expected ? tn_strerror(expected) : "success");
}

static void do_send(struct play *play)
{
    const struct script_step *step = play->step;
    int rc = 0;

    settle(play);
    tn_set_int(play->socket, "sndtimeo", WAIT);
    for (size_t i = 0; i < step->message.count && rc >= 0; i++) {
        bool has_more = i + 1 < step->message.count || step->message.has_more;
        const void *bytes;
        uint32_t number;
        char group[TN_GROUP_MAX + 1];
        tn_msg_t msg;
        size_t size;

        bytes = bytes_of(play, &step->message.frame[i], &size);
        EXPECT(play, tn_msg_init_copy(&msg, bytes, size) == 0, "%s", tn_last_error());
        if (step->has_other) {
            bytes = bytes_of(play, &step->other, &size);
            EXPECT(play, size == sizeof number, "\"to\" is a name that \"by\" has given");
            memcpy(&number, bytes, sizeof number);
            tn_msg_set_routing_id(&msg, number);
        }
        if (step->has_group) {
            bytes = bytes_of(play, &step->group, &size);
            snprintf(group, sizeof group, "%.*s", (int)size, (const char *)bytes);
            EXPECT(play, tn_msg_set_group(&msg, group) == 0, "%s", tn_last_error());
        }
        rc = tn_msg_send(play->socket, &msg,
                         (has_more ? TN_MORE : 0) | (step->expected == -EAGAIN ? TN_DONTWAIT : 0));
        tn_msg_close(&msg);
    }
    check_code(play, rc);
    settle(play);
    if (rc >= 0 && step->peer[0])
        peer_gets(play, step->peer, &step->wire);
}

static int recv_frame(struct play *play, size_t i)
{
    const struct script_step *step = play->step;
    bool has_more = i + 1 < step->message.count || step->message.has_more;
    uint32_t number;
    char what[40];
    tn_msg_t msg;
    ssize_t rc;

    tn_msg_init(&msg);
    rc = tn_msg_recv(play->socket, &msg, step->expected == -EAGAIN ? TN_DONTWAIT : 0);
    if (rc >= 0 && step->expected == 0) {
        snprintf(what, sizeof what, "frame %zu", i + 1);
        match(play, &step->message.frame[i], tn_msg_data(&msg), tn_msg_size(&msg), what);
        EXPECT(play, tn_msg_more(&msg) == has_more, "%s %s", what,
               has_more ? "is the last one" : "is not the last one");
        number = tn_msg_routing_id(&msg);
        if (step->has_other)
            match(play, &step->other, &number, sizeof number, "the peer's number");
        if (step->has_group)
            match(play, &step->group, tn_msg_group(&msg), strlen(tn_msg_group(&msg)), "the group");
    }
    tn_msg_close(&msg);
    return rc < 0 ? (int)rc : 0;
}

static void do_recv(struct play *play)
{
    const struct script_step *step = play->step;
    int rc = 0;

    if (step->peer[0])
        peer_sends(play, step->peer, &step->wire);
    settle(play);
    tn_set_int(play->socket, "rcvtimeo", WAIT);
    if (step->message.count == 0)
        rc = recv_frame(play, 0);
    for (size_t i = 0; i < step->message.count && rc == 0; i++)
        rc = recv_frame(play, i);
    check_code(play, rc);
}

static void do_poll(struct play *play)
{
    const char *word = play->step->word;
    tn_pollitem_t item = {.socket = play->socket, .events = TN_POLLIN | TN_POLLOUT};
    int wanted = (strstr(word, "in") && strncmp(word, "nothing", 7) != 0 ? TN_POLLIN : 0) |
                 (strstr(word, "out") ? TN_POLLOUT : 0);

    settle(play);
    tn_poll(&item, 1, 0);
    EXPECT(play, item.revents == wanted, "poll says%s%s%s", item.revents & TN_POLLIN ? " in" : "",
           item.revents & TN_POLLOUT ? " out" : "", item.revents ? "" : " nothing");
}

static void do_dropped(struct play *play)
{
    int reason = 0;
    uint64_t before;
    tn_stats_t stats;

    while (reason < TN_DROP_REASONS && strcmp(tn_drop_name(reason), play->step->word) != 0)
        reason++;
    EXPECT(play, reason < TN_DROP_REASONS, "there is no such reason");
    settle(play);
    EXPECT(play, tn_stats(play->socket, &stats) == 0, "%s", tn_last_error());
    before = play->dropped[reason];
    play->dropped[reason] = stats.dropped[reason];
    EXPECT(play, stats.dropped[reason] - before == (uint64_t)play->step->number,
           "%llu were dropped as %s", (unsigned long long)(stats.dropped[reason] - before),
           play->step->word);
}

static void do_option(struct play *play)
{
    const struct script_step *step = play->step;
    char text[SCRIPT_TEXT + 1], *end = text;
    long long number;
    int rc;

    snprintf(text, sizeof text, "%.*s", (int)step->other.size, (const char *)step->other.bytes);
    number = strtoll(text, &end, 10);
    rc = -EINVAL;
    if (end != text && *end == '\0')
        rc = tn_set_int(play->socket, step->word, number);
    if (rc == -EINVAL)
        rc = tn_set_str(play->socket, step->word, text);
    if (rc == -EINVAL)
        rc = tn_set_blob(play->socket, step->word, step->other.bytes, step->other.size);
    check_code(play, rc);
}

static void do_topic(struct play *play)
{
    char group[SCRIPT_TEXT + 1];
    size_t size;
    const void *bytes = bytes_of(play, &play->step->other, &size);
    int rc;

    snprintf(group, sizeof group, "%.*s", (int)size, (const char *)bytes);
    switch (play->step->verb) {
    case SCRIPT_SUBSCRIBE:
        rc = tn_subscribe(play->socket, bytes, size);
        break;
    case SCRIPT_UNSUBSCRIBE:
        rc = tn_unsubscribe(play->socket, bytes, size);
        break;
    case SCRIPT_JOIN:
        rc = tn_join(play->socket, group);
        break;
    default:
        rc = tn_leave(play->socket, group);
    }
    check_code(play, rc);
    settle(play);
}

/* ---- cases ---- */

static void end_case(struct play *play)
{
    if (!play->ctx)
        return;
    for (int i = 0; i < PEERS_MAX; i++) {
        if (play->peers[i].fd >= 0)
            close(play->peers[i].fd);
        if (play->peers[i].socket)
            tn_close(play->peers[i].socket);
    }
    tn_close(play->socket);
    side_end_context(play->ctx);
    play->ctx = NULL;
}

static void begin_case(struct play *play)
{
    end_case(play);
    memset(play->known, 0, sizeof play->known);
    memset(play->dropped, 0, sizeof play->dropped);
    for (int i = 0; i < PEERS_MAX; i++)
        play->peers[i] = (struct peer){.fd = -1};
    play->endpoint[0] = '\0';
    play->title = play->step->word;
    play->ctx = side_new_context(play->subject);
    if (!play->script->is_streams && !play->script->is_datagrams)
        raw_add_to(play->ctx, play->subject);
    play->socket = side_new_socket(play->ctx, play->subject->feature->name);
}

static void do_step(struct play *play)
{
    switch (play->step->verb) {
    case SCRIPT_CASE:
        begin_case(play);
        break;
    case SCRIPT_OPTION:
        do_option(play);
        break;
    case SCRIPT_SUBSCRIBE:
    case SCRIPT_UNSUBSCRIBE:
    case SCRIPT_JOIN:
    case SCRIPT_LEAVE:
        do_topic(play);
        break;
    case SCRIPT_ARRIVES:
    case SCRIPT_IS_CALLED:
        do_peer(play);
        break;
    case SCRIPT_LEAVES:
        do_leaves(play);
        break;
    case SCRIPT_SENDS:
        peer_sends(play, play->step->peer, &play->step->wire);
        break;
    case SCRIPT_GETS:
        peer_gets(play, play->step->peer, &play->step->wire);
        break;
    case SCRIPT_SEND:
        do_send(play);
        break;
    case SCRIPT_RECV:
        do_recv(play);
        break;
    case SCRIPT_POLL:
        do_poll(play);
        break;
    case SCRIPT_DROPPED:
        do_dropped(play);
        break;
    case SCRIPT_WAIT:
        usleep((useconds_t)play->step->number * 1000);
        break;
    }
}

void conform_run_script(const struct subject *subject)
{
    struct play play = {.subject = subject};
    struct script script;
    char why[512];
    int cases = 0;

    if (!subject->script)
        conform_skip("no script was given; --script FILE has the machine of a pattern");
    CONFORM(script_read(&script, subject->script, subject->feature->name, why, sizeof why) == 0,
            "%s", why);
    if (script.count == 0)
        conform_skip("%s says nothing about the pattern %s", subject->script,
                     subject->feature->name);
    play.script = &script;
    for (size_t i = 0; i < script.count; i++) {
        play.step = &script.steps[i];
        cases += play.step->verb == SCRIPT_CASE;
        do_step(&play);
    }
    end_case(&play);
    conform_note("%d cases of the script", cases);
    script_end(&script);
}
