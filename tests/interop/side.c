#include "side.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "body.h"

enum { LINE_MAX_SIZE = 2048, WORD_MAX = 64, FRAMES_MAX = 8 };

extern char **environ;

static void order(struct side *side, const char *line, char *out_answer)
{
    fprintf(side->orders, "%s\n", line);
    fflush(side->orders);
    assert_non_null(fgets(out_answer, LINE_MAX_SIZE, side->answers));
    out_answer[strcspn(out_answer, "\n")] = '\0';
}

static void order_ok(struct side *side, const char *line, char *out_answer)
{
    order(side, line, out_answer);
    if (strncmp(out_answer, "ok", 2) != 0)
        print_error("%s: \"%s\" got \"%s\"\n", side->pattern, line, out_answer);
    assert_memory_equal(out_answer, "ok", 2);
}

static void spawn(struct side *side)
{
    char program[] = ZMQ_PEER, *arguments[] = {program, NULL};
    posix_spawn_file_actions_t actions;
    int to[2], from[2];

    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    assert_int_equal(posix_spawn(&side->pid, program, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(to[0]);
    close(from[1]);
    side->orders = fdopen(to[1], "w");
    side->answers = fdopen(from[0], "r");
    assert_non_null(side->orders);
    assert_non_null(side->answers);
}

static void start_theirs(struct side *side)
{
    char line[LINE_MAX_SIZE], answer[LINE_MAX_SIZE];

    signal(SIGPIPE, SIG_IGN);
    spawn(side);
    snprintf(line, sizeof(line), "open %s %s", side->pattern, side->id);
    order_ok(side, line, answer);
    if (strcmp(side->pattern, "sub") == 0)
        order_ok(side, "subscribe", answer);
}

static void start_ours(struct side *side)
{
    side->ctx = api_ctx();
    side->socket = api_socket(side->ctx, side->pattern);
    if (strcmp(side->id, "-") != 0)
        assert_ok(tn_set_blob(side->socket, "routing_id", side->id, strlen(side->id)));
    if (strcmp(side->pattern, "router") == 0)
        assert_ok(tn_set_int(side->socket, "router_mandatory", 1));
    if (strcmp(side->pattern, "sub") == 0)
        assert_ok(tn_subscribe(side->socket, "", 0));
    assert_ok(tn_set_int(side->socket, "reconnect_ivl", 20));
}

void side_start(struct side *side, bool is_ours, const char *pattern, const char *id)
{
    memset(side, 0, sizeof(*side));
    side->is_ours = is_ours;
    side->pattern = pattern;
    side->id = id;
    if (is_ours)
        start_ours(side);
    else
        start_theirs(side);
}

static void reap(struct side *side)
{
    fclose(side->orders);
    fclose(side->answers);
    assert_int_equal(waitpid(side->pid, NULL, 0), side->pid);
}

void side_end(struct side *side)
{
    if (!side->is_ours) {
        reap(side);
        return;
    }
    assert_ok(tn_close(side->socket));
    api_ctx_end(side->ctx);
}

void side_kill(struct side *side)
{
    assert_false(side->is_ours);
    kill(side->pid, SIGKILL);
    reap(side);
}

void side_order(struct side *side, const char *line)
{
    char answer[LINE_MAX_SIZE];

    order_ok(side, line, answer);
}

void side_bind(struct side *side, const char *endpoint, char *out_endpoint)
{
    char line[LINE_MAX_SIZE], answer[LINE_MAX_SIZE];

    if (side->is_ours) {
        api_bind(side->socket, endpoint, out_endpoint);
        return;
    }
    snprintf(line, sizeof(line), "bind %s", endpoint);
    order_ok(side, line, answer);
    snprintf(out_endpoint, API_ENDPOINT_MAX, "%.*s", API_ENDPOINT_MAX - 1, answer + 3);
}

void side_connect(struct side *side, const char *endpoint)
{
    char line[LINE_MAX_SIZE], answer[LINE_MAX_SIZE];

    if (side->is_ours) {
        assert_ok(tn_connect(side->socket, endpoint));
        return;
    }
    snprintf(line, sizeof(line), "connect %s", endpoint);
    order_ok(side, line, answer);
}

void side_set(struct side *side, const char *name, int number, int value)
{
    char line[LINE_MAX_SIZE], answer[LINE_MAX_SIZE];

    if (side->is_ours) {
        assert_ok(tn_set_int(side->socket, name, value));
        return;
    }
    snprintf(line, sizeof(line), "set %d %d", number, value);
    order_ok(side, line, answer);
}

void side_name(struct side *side, const char *id)
{
    char line[LINE_MAX_SIZE], answer[LINE_MAX_SIZE];

    if (side->is_ours) {
        assert_ok(tn_set_blob(side->socket, "connect_routing_id", id, strlen(id)));
        return;
    }
    snprintf(line, sizeof(line), "name %s", id);
    order_ok(side, line, answer);
}

static void echo_ours(struct side *side)
{
    tn_msg_t parts[FRAMES_MAX];
    int count;

    for (int i = 0; i < FRAMES_MAX; i++)
        tn_msg_init(&parts[i]);
    assert_ok(tn_set_int(side->socket, "rcvtimeo", API_TIMEOUT_MS));
    count = tn_recv_parts(side->socket, parts, FRAMES_MAX, 0);
    assert_ok(count);
    assert_ok(tn_send_parts(side->socket, parts, (size_t)count, 0));
}

void side_echo(struct side *side)
{
    char line[LINE_MAX_SIZE], answer[LINE_MAX_SIZE];

    if (side->is_ours) {
        echo_ours(side);
        return;
    }
    snprintf(line, sizeof(line), "echo %d", API_TIMEOUT_MS);
    order_ok(side, line, answer);
}

void side_poke(struct side *side)
{
    char answer[LINE_MAX_SIZE];
    int64_t events;

    if (side->is_ours)
        assert_ok(tn_get_int(side->socket, "events", &events));
    else
        order_ok(side, "poke", answer);
}

/** Cuts `frames` into words. */
static size_t split(const char *frames, char words[FRAMES_MAX][WORD_MAX])
{
    char copy[LINE_MAX_SIZE], *save = NULL;
    size_t count = 0;

    snprintf(copy, sizeof(copy), "%s", frames);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        assert_true(count < FRAMES_MAX);
        snprintf(words[count++], WORD_MAX, "%s", word);
    }
    return count;
}

static void send_ours(struct side *side, const char *frames)
{
    char words[FRAMES_MAX][WORD_MAX];
    size_t count = split(frames, words);

    for (size_t i = 0; i < count; i++) {
        size_t size;
        uint8_t *data = body_parse(words[i], &size);
        int flags = i + 1 < count ? TN_MORE : 0, code;
        do {
            code = tn_send(side->socket, data, size, flags);
        } while (code == -EHOSTUNREACH && i == 0);
        free(data);
        assert_ok(code);
    }
}

static void send_theirs(struct side *side, const char *frames)
{
    char line[LINE_MAX_SIZE], answer[LINE_MAX_SIZE];

    snprintf(line, sizeof(line), "send %s", frames);
    do {
        order(side, line, answer);
    } while (strstr(answer, "Host unreachable") || strstr(answer, "No route to host"));
    if (strcmp(answer, "ok") != 0)
        print_error("%s: \"%s\" got \"%s\"\n", side->pattern, line, answer);
    assert_string_equal(answer, "ok");
}

void side_send(struct side *side, const char *frames)
{
    if (side->is_ours)
        send_ours(side, frames);
    else
        send_theirs(side, frames);
}

/** " SIZE:HASH" for each frame. */
static void describe(const char *frames, char *out_text)
{
    char words[FRAMES_MAX][WORD_MAX];
    size_t count = split(frames, words), used = 0;

    out_text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t size;
        uint8_t *data = body_parse(words[i], &size);
        used += (size_t)snprintf(out_text + used, LINE_MAX_SIZE - used, " %zu:%016" PRIx64, size,
                                 body_hash(data, size));
        free(data);
    }
}

static bool receive_ours(struct side *side, int timeout, char *out_text)
{
    tn_msg_t msg;
    ssize_t size;
    size_t used = 0;

    assert_ok(tn_set_int(side->socket, "rcvtimeo", timeout));
    tn_msg_init(&msg);
    do {
        size = tn_msg_recv(side->socket, &msg, 0);
        if (size == -EAGAIN)
            break;
        assert_ok(size);
        used +=
            (size_t)snprintf(out_text + used, LINE_MAX_SIZE - used, " %zu:%016" PRIx64,
                             tn_msg_size(&msg), body_hash(tn_msg_data(&msg), tn_msg_size(&msg)));
    } while (tn_msg_more(&msg));
    tn_msg_close(&msg);
    return size >= 0;
}

static bool receive_theirs(struct side *side, int timeout, char *out_text)
{
    char line[LINE_MAX_SIZE], answer[LINE_MAX_SIZE];

    snprintf(line, sizeof(line), "recv %d", timeout);
    order(side, line, answer);
    if (strncmp(answer, "ok", 2) != 0)
        return false;
    snprintf(out_text, LINE_MAX_SIZE, "%s", answer + 2);
    return true;
}

bool side_try(struct side *side, const char *frames, int timeout, bool *out_is_equal)
{
    char wanted[LINE_MAX_SIZE], got[LINE_MAX_SIZE] = "";
    bool came;

    describe(frames, wanted);
    came = side->is_ours ? receive_ours(side, timeout, got) : receive_theirs(side, timeout, got);
    *out_is_equal = came && strcmp(wanted, got) == 0;
    if (came && !*out_is_equal && timeout == API_TIMEOUT_MS)
        print_error("%s: wanted%s, got%s\n", side->pattern, wanted, got);
    return came;
}

void side_expect(struct side *side, const char *frames)
{
    bool is_equal, came = side_try(side, frames, API_TIMEOUT_MS, &is_equal);

    if (!came)
        print_error("%s (%s): nothing came, wanted \"%s\"\n", side->pattern,
                    side->is_ours ? "ours" : "theirs", frames);
    assert_true(came);
    assert_true(is_equal);
}
