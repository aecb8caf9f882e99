#include "exchange.h"

enum { LINE = 512, PROBE_MS = 5, PROBES_MAX = 2000 };

static void one_way(struct side *a, struct side *b, const char *frames)
{
    side_send(a, frames);
    side_expect(b, frames);
}

static void both_ways(struct side *a, struct side *b, const char *frames)
{
    one_way(a, b, frames);
    one_way(b, a, frames);
}

static void translated(struct side *from, struct side *to, const char *sent_head,
                       const char *got_head, const char *frames)
{
    char sent[LINE], got[LINE];

    snprintf(sent, sizeof(sent), "%s%s", sent_head, frames);
    snprintf(got, sizeof(got), "%s%s", got_head, frames);
    side_send(from, sent);
    side_expect(to, got);
}

static void req_router(struct side *a, struct side *b, const char *frames)
{
    translated(a, b, "", "=A = ", frames);
    translated(b, a, "=A = ", "", frames);
}

static void dealer_rep(struct side *a, struct side *b, const char *frames)
{
    translated(a, b, "= ", "", frames);
    translated(b, a, "", "= ", frames);
}

static void dealer_router(struct side *a, struct side *b, const char *frames)
{
    translated(a, b, "", "=A ", frames);
    translated(b, a, "=A ", "", frames);
}

static void router_router(struct side *a, struct side *b, const char *frames)
{
    translated(a, b, "=B ", "=A ", frames);
    translated(b, a, "=A ", "=B ", frames);
}

/** A publisher that does not tell who subscribed: publishes until something arrives. */
static void probe(struct side *a, struct side *b)
{
    bool is_mark = false;

    do {
        side_send(a, "=probe");
    } while (!side_try(b, "=probe", PROBE_MS, &is_mark));
    side_send(a, "=mark");
    do {
        assert_true(side_try(b, "=mark", API_TIMEOUT_MS - 1, &is_mark));
    } while (!is_mark);
}

static void pub_ready(struct side *a, struct side *b)
{
    if (!a->is_ours) {
        probe(a, b);
        return;
    }
    for (int i = 0; i < PROBES_MAX && tn_wait_subscribers(a->socket, 1, PROBE_MS) < 0; i++)
        side_poke(b);
    assert_ok(tn_wait_subscribers(a->socket, 1, 0));
}

static void pub_xsub_ready(struct side *a, struct side *b)
{
    side_send(b, "%01");
    pub_ready(a, b);
}

static void xpub_ready(struct side *a, struct side *b)
{
    bool is_equal = false;

    for (int i = 0; i < PROBES_MAX && !side_try(a, "%01", PROBE_MS, &is_equal); i++)
        side_poke(b);
    assert_true(is_equal);
}

static void xpub_xsub_ready(struct side *a, struct side *b)
{
    side_send(b, "%01");
    xpub_ready(a, b);
}

const struct exchange exchanges[] = {
    {"pair", "pair", "-", "-", NULL, both_ways},
    {"push", "pull", "-", "-", NULL, one_way},
    {"req", "rep", "-", "-", NULL, both_ways},
    {"req", "router", "A", "-", NULL, req_router},
    {"dealer", "rep", "-", "-", NULL, dealer_rep},
    {"dealer", "router", "A", "-", NULL, dealer_router},
    {"dealer", "dealer", "-", "-", NULL, both_ways},
    {"router", "router", "A", "B", NULL, router_router},
    {"pub", "sub", "-", "-", pub_ready, one_way},
    {"pub", "xsub", "-", "-", pub_xsub_ready, one_way},
    {"xpub", "sub", "-", "-", xpub_ready, one_way},
    {"xpub", "xsub", "-", "-", xpub_xsub_ready, one_way},
};

const size_t exchange_count = sizeof(exchanges) / sizeof(exchanges[0]);

void exchange_run(const struct exchange *exchange, struct side *a, struct side *b, bool is_long)
{
    static const char *const brief[] = {"=hello", "1:0", "2:1", "3:255", "4:256", "5:1 6:0 7:300"};
    static const char *const lengthy[] = {"8:8192", "9:70000", "10:8388608",
                                          "11:70000 12:255 13:0 14:8192 15:256"};

    if (exchange->ready)
        exchange->ready(a, b);
    for (size_t i = 0; i < sizeof(brief) / sizeof(brief[0]); i++)
        exchange->talk(a, b, brief[i]);
    for (size_t i = 0; is_long && i < sizeof(lengthy) / sizeof(lengthy[0]); i++)
        exchange->talk(a, b, lengthy[i]);
}
