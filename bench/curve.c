/* CURVE: one way (PUSH to PULL) in boxes, and connections, each a whole handshake with a request and its
 * reply, one after the other. */
#include "stream.h"

enum { REQUEST = 16 };

/* Made for this. */
const char bench_server_public[] = "S<8-{021g)&2uInK*pK@7dVY^YGhVa]QzDBEJsW(";
const char bench_server_secret[] = "ow*r8y>ptQ}e$O/!wHFC6p0Ng=/:hUs[%qsnWa@H";
const char bench_client_public[] = "A{q/R.X/6U1<]7{BY47l!C]vO*Cdb8Ss4Z!v*vcr";
const char bench_client_secret[] = "T3WPc&Cm]IbNuL#tk6iu?)!b2I652@I(JX}!12y>";

static bool has_curve(const struct bench_peer *peer)
{
    return peer->secure;
}

static int handshakes_near(struct bench_run *run)
{
    void *socket = bench_bind(run, BENCH_REP);
    char buffer[REQUEST];
    double start = 0;
    int code = socket ? 0 : -1;

    for (size_t i = 0; i <= run->count && !code; i++) {
        ssize_t size = run->peer->recv(socket, buffer, sizeof(buffer));
        code = size < 0 || run->peer->send(socket, buffer, (size_t)size) ? -1 : 0;
        if (i == 0)
            start = bench_now();
    }
    run->seconds = bench_now() - start;
    run->values[0] = (double)run->count / run->seconds;
    code |= bench_release(run);
    if (socket)
        run->peer->close(socket);
    return code;
}

static int ask_once(struct bench_run *run, const char *endpoint)
{
    void *socket = run->peer->open(run->context, BENCH_REQ);
    char buffer[REQUEST] = "request";
    int code = -1;

    if (!socket)
        return -1;
    if (!run->peer->secure(socket, false) && !run->peer->connect(socket, endpoint) &&
        !run->peer->send(socket, buffer, sizeof(buffer)) &&
        run->peer->recv(socket, buffer, sizeof(buffer)) == sizeof(buffer))
        code = 0;
    run->peer->close(socket);
    return code;
}

/* The first one is not counted: it waits for the other process. */
static int handshakes_far(struct bench_run *run)
{
    char endpoint[BENCH_ENDPOINT_MAX];
    int code = bench_hear_endpoint(run, endpoint);

    for (size_t i = 0; i <= run->count && !code; i++)
        code = ask_once(run, endpoint);
    return code ? code : bench_await_release(run);
}

void bench_add_curve(struct bench_table *table)
{
    static const size_t sizes[] = {64, 1024, 65536};
    struct bench_case one = {.values = {{NULL, "msg/s", true}},
                             .roles = 1U << BENCH_PUSH | 1U << BENCH_PULL,
                             .fits = has_curve,
                             .is_secure = true,
                             .fars = 1,
                             .near = bench_one_way_near,
                             .far = bench_one_way_far};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        one.size = sizes[i];
        bench_case_add(table, &one, "curve/one-way/%zu", one.size);
    }
    one.values[0].unit = "conn/s";
    one.roles = 1U << BENCH_REQ | 1U << BENCH_REP;
    one.size = REQUEST;
    one.near = handshakes_near;
    one.far = handshakes_far;
    bench_case_add(table, &one, "curve/handshakes");
}
