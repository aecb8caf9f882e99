/* Command bodies and the metadata in them: what is parsed and built again is the same bytes. The NULL
 * mechanism and the heartbeats get the command as well. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "zmtp/command.h"
#include "zmtp/heartbeat.h"
#include "zmtp/metadata.h"
#include "zmtp/null.h"
#include "zmtp/peer.h"

static int drop_error(const tn_host_t *host, int code, const char *format, ...)
{
    (void)host;
    (void)format;
    return code;
}

static void drop_fault(tn_handshake_t *handshake, int fault)
{
    (void)handshake;
    (void)fault;
}

static const tn_host_t host = {
    .size = sizeof(tn_host_t), .set_error = drop_error, .handshake_fault = drop_fault};

static void check_same(const uint8_t *built, ssize_t built_size, const uint8_t *data, size_t size)
{
    CHECK(built_size == (ssize_t)size);
    CHECK(memcmp(built, data, size) == 0);
}

static void check_heartbeat(const struct tni_ping *ping)
{
    struct tni_heartbeat heartbeat;
    uint8_t pong[TNI_PING_SIZE_MAX];
    uint64_t dies = 5 + (uint64_t)ping->ttl * 100;

    tni_heartbeat_init(&heartbeat, 0, 0, -1, 0);
    CHECK(tni_heartbeat_on_ping(&heartbeat, ping, 5, pong, sizeof pong) == 5 + ping->context_size);
    if (ping->ttl == 0) {
        CHECK(tni_heartbeat_deadline(&heartbeat) == TNI_HEARTBEAT_NEVER);
        return;
    }
    CHECK(tni_heartbeat_deadline(&heartbeat) == dies);
    CHECK(tni_heartbeat_on_timer(&heartbeat, dies - 1, NULL) == TNI_HEARTBEAT_NOTHING);
    CHECK(tni_heartbeat_on_timer(&heartbeat, dies, NULL) == TNI_HEARTBEAT_DEAD);
}

static void check_ping(const struct tni_command_view *view, const uint8_t *data, size_t size)
{
    struct tni_ping ping;
    uint8_t built[TNI_PING_SIZE_MAX];

    if (tni_command_parse_ping(view, &ping) < 0) {
        CHECK(size < 7 || size > 23);
        return;
    }
    check_same(
        built,
        tni_command_build_ping(built, sizeof built, ping.ttl, ping.context, ping.context_size),
        data, size);
    check_heartbeat(&ping);
}

static void check_pong(const struct tni_command_view *view, const uint8_t *data, size_t size)
{
    struct tni_ping pong;
    uint8_t built[TNI_PING_SIZE_MAX];

    if (tni_command_parse_pong(view, &pong) < 0) {
        CHECK(size > 21);
        return;
    }
    check_same(built, tni_command_build_pong(built, sizeof built, pong.context, pong.context_size),
               data, size);
}

static void check_error(const struct tni_command_view *view)
{
    const char *reason;
    size_t size;

    if (tni_command_parse_error(view, &reason, &size) == 0)
        CHECK(size < view->size && (const uint8_t *)reason == view->data + 1);
}

static void check_peer(const uint8_t *data, size_t size)
{
    struct tni_peer_facts facts;

    if (tni_peer_parse(data, size, &facts) < 0)
        return;
    CHECK(facts.socket_type[0] != '\0');
    CHECK(facts.routing_id_size <= TNI_ROUTING_ID_MAX);
}

static void check_metadata(const uint8_t *data, size_t size)
{
    struct tni_metadata_cursor cursor;
    struct tni_property property;
    uint8_t *built = malloc(size + 1);
    size_t used = 0;
    int rc;

    CHECK(built);
    tni_metadata_begin(&cursor, data, size);
    while ((rc = tni_metadata_next(&cursor, &property)) > 0) {
        char name[TNI_METADATA_MAX_NAME + 1];
        struct tni_property found;
        ssize_t one;

        memcpy(name, property.name, property.name_size);
        name[property.name_size] = '\0';
        CHECK(tni_property_is(&property, name));
        CHECK(tni_metadata_find(data, size, name, &found) == 1 && found.name <= property.name);
        one = tni_metadata_append(built + used, size - used, name, property.value,
                                  property.value_size);
        CHECK(one > 0);
        used += (size_t)one;
        CHECK(memcmp(built, data, used) == 0);
    }
    CHECK(rc == 0 || rc == -EPROTO);
    CHECK(rc < 0 || used == size);
    CHECK(tni_metadata_check(data, size) == (rc < 0 ? rc : (int)cursor.count));
    check_peer(data, size);
    free(built);
}

static void check_null(const uint8_t *data, size_t size)
{
    _Alignas(max_align_t) uint8_t state[256] = {0};
    const tn_handshake_info_t info = {.size = sizeof info};
    const uint8_t *metadata;
    size_t metadata_size;
    uint8_t ready[64];
    int rc;

    CHECK(tni_null_mechanism.state_size <= sizeof state);
    CHECK(tni_null_mechanism.open(state, &host, &info) == 0);
    CHECK(tni_null_mechanism.next_command(state, ready, sizeof ready) == 6);
    rc = tni_null_mechanism.command(state, data, size, &metadata, &metadata_size);
    CHECK((rc == 0) == (tni_null_mechanism.status(state) == TN_MECHANISM_READY));
    CHECK(rc != 0 || (metadata >= data && metadata + metadata_size == data + size));
    tni_null_mechanism.close(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tni_command_view view;
    uint8_t *built;

    check_metadata(data, size);
    check_null(data, size);
    if (tni_command_parse(data, size, &view) < 0)
        return 0;
    CHECK(1 + view.name_size + view.size == size);
    if (view.kind == TNI_COMMAND_UNKNOWN)
        return 0;
    CHECK(strlen(tni_command_name(view.kind)) == view.name_size);
    built = malloc(size);
    CHECK(built);
    check_same(built, tni_command_build(built, size, view.kind, view.data, view.size), data, size);
    CHECK(tni_command_build(built, size - 1, view.kind, view.data, view.size) == -EMSGSIZE);
    free(built);
    if (view.kind == TNI_COMMAND_PING)
        check_ping(&view, data, size);
    if (view.kind == TNI_COMMAND_PONG)
        check_pong(&view, data, size);
    if (view.kind == TNI_COMMAND_ERROR)
        check_error(&view);
    if (view.kind == TNI_COMMAND_READY)
        check_metadata(view.data, view.size);
    return 0;
}
