#include "control/report.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "pipe/pipe.h"
#include "socket/ctx.h"
#include "socket/endpoint.h"
#include "socket/slab.h"

/* What the context's lock guards; the rest of a socket is looked at under its own. */
struct entry {
    struct tn_sock *sock;
    unsigned generation;
    uint64_t serial;
    bool is_open;
    const char *pattern;
    char last_endpoint[256];
    char unsent[128];
    tn_stats_t stats;
};

static size_t collect(struct tn_ctx *ctx, struct entry **out_entries, int *out_io_threads)
{
    struct entry *entries;
    size_t count = 0;

    pthread_mutex_lock(&ctx->lock);
    *out_io_threads = ctx->io_threads;
    tni_list_each (link, &ctx->sockets)
        count++;
    entries = count ? tni_calloc(count, sizeof *entries) : NULL;
    *out_entries = entries;
    if (entries)
        tni_list_each (link, &ctx->sockets) {
            struct tn_sock *sock = tni_container(link, struct tn_sock, ctx_link);
            entries->sock = sock;
            entries->generation = atomic_load(&sock->generation);
            entries->serial = sock->serial;
            entries->is_open = atomic_load(&sock->state) == TNI_SOCK_OPEN;
            entries->pattern = sock->pattern->name;
            snprintf(entries->last_endpoint, sizeof entries->last_endpoint, "%s",
                     sock->last_endpoint);
            snprintf(entries->unsent, sizeof entries->unsent, "%s", sock->unsent);
            tni_counters_read(&sock->counters, &entries->stats);
            entries++;
        }
    pthread_mutex_unlock(&ctx->lock);
    return count;
}

static void report_stats(struct tni_emitter *emitter, const tn_stats_t *stats)
{
    tni_emit_number(emitter, "messages_sent", stats->messages_sent);
    tni_emit_count(emitter, "bytes_sent", stats->bytes_sent);
    tni_emit_number(emitter, "messages_received", stats->messages_received);
    tni_emit_count(emitter, "bytes_received", stats->bytes_received);
    tni_emit_number(emitter, "connected_peers", stats->peers);
    tni_emit_count(emitter, "subscriptions", stats->subscriptions);
    tni_emit_count(emitter, "connections_made", stats->connections_made);
    tni_emit_count(emitter, "connections_lost", stats->connections_lost);
    tni_emit_count(emitter, "handshakes_failed", stats->handshakes_failed);
    tni_emit_object(emitter, "dropped", NULL);
    for (int reason = 0; reason < TN_DROP_REASONS; reason++) {
        char name[48];
        snprintf(name, sizeof name, "%s%s", emitter->is_json ? "" : "dropped, ",
                 tn_drop_name(reason));
        tni_emit_count(emitter, name, stats->dropped[reason]);
    }
    tni_emit_end(emitter);
}

static void report_peer(struct tni_emitter *emitter, const struct tn_pipe *pipe)
{
    tn_peer_t peer;
    char label[400], id[2 * 255 + 1] = "";

    tni_pipe_describe(pipe, &peer);
    snprintf(label, sizeof label, "peer %s%s", peer.remote[0] ? peer.remote : peer.endpoint,
             peer.connected ? "" : " (not connected)");
    for (int i = 0; i < peer.routing_id_size; i++)
        snprintf(id + (size_t)i * 2, 3, "%02x", peer.routing_id[i]);
    tni_emit_object(emitter, NULL, label);
    tni_emit_count(emitter, "connection", peer.connection);
    if (emitter->is_json) {
        tni_emit_text(emitter, "endpoint", peer.endpoint);
        tni_emit_text(emitter, "remote", peer.remote);
        tni_emit_flag(emitter, "connected", peer.connected);
    }
    if (emitter->is_json || id[0])
        tni_emit_text(emitter, "routing_id", id);
    tni_emit_number(emitter, "queued_out", peer.queued_out);
    tni_emit_number(emitter, "queued_in", peer.queued_in);
    tni_emit_count(emitter, "messages_sent", peer.messages_sent);
    tni_emit_count(emitter, "messages_received", peer.messages_received);
    tni_emit_count(emitter, "dropped", peer.dropped);
    tni_emit_end(emitter);
}

static void report_inside(struct tni_emitter *emitter, struct tn_sock *sock)
{
    tni_emit_number(emitter, "sndhwm", (uint64_t)sock->options.sndhwm);
    tni_emit_number(emitter, "rcvhwm", (uint64_t)sock->options.rcvhwm);
    tni_emit_list(emitter, "endpoints", NULL);
    tni_list_each (link, &sock->endpoints) {
        const struct tn_endpoint *endpoint = tni_container(link, struct tn_endpoint, link);
        tni_emit_object(emitter, NULL, NULL);
        if (emitter->is_json)
            tni_emit_text(emitter, "role", endpoint->role == TN_ROLE_BIND ? "bind" : "connect");
        tni_emit_text(emitter,
                      emitter->is_json                 ? "endpoint"
                      : endpoint->role == TN_ROLE_BIND ? "bind"
                                                       : "connect",
                      endpoint->text);
        tni_emit_end(emitter);
    }
    tni_emit_end(emitter);
    tni_emit_list(emitter, "peers", NULL);
    tni_list_each (link, &sock->pipes)
        report_peer(emitter, tni_container(link, struct tn_pipe, link));
    tni_emit_end(emitter);
}

static void report_socket(struct tni_emitter *emitter, const struct entry *entry)
{
    char label[128];

    snprintf(label, sizeof label, "socket %llu, %s%s", (unsigned long long)entry->serial,
             entry->pattern, entry->is_open ? "" : " (closed, still sends)");
    tni_emit_object(emitter, NULL, label);
    if (emitter->is_json) {
        tni_emit_number(emitter, "number", entry->serial);
        tni_emit_text(emitter, "pattern", entry->pattern);
        tni_emit_flag(emitter, "open", entry->is_open);
        tni_emit_text(emitter, "last_endpoint", entry->last_endpoint);
    }
    if (!entry->is_open)
        tni_emit_text(emitter, "queued_at_close", entry->unsent);
    report_stats(emitter, &entry->stats);
    tni_lock_take(&entry->sock->lock);
    if (atomic_load(&entry->sock->generation) == entry->generation &&
        atomic_load(&entry->sock->state) == TNI_SOCK_OPEN)
        report_inside(emitter, entry->sock);
    tni_lock_give(&entry->sock->lock);
    tni_emit_end(emitter);
}

void tni_report(struct tni_emitter *emitter, struct tn_ctx *ctx, unsigned number)
{
    struct entry *entries;
    int io_threads;
    size_t count = collect(ctx, &entries, &io_threads);
    char label[32];

    if (count && !entries) {
        emitter->has_failed = true;
        return;
    }
    snprintf(label, sizeof label, "context %u", number);
    tni_emit_object(emitter, NULL, label);
    tni_emit_number(emitter, "io_threads", (uint64_t)io_threads);
    tni_emit_flag(emitter, "shut_down", atomic_load(&ctx->is_shut_down));
    tni_emit_list(emitter, "sockets", NULL);
    for (size_t i = 0; i < count; i++)
        report_socket(emitter, &entries[i]);
    tni_emit_end(emitter);
    tni_emit_end(emitter);
    tni_free(entries);
}
