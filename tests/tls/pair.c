#include "pair.h"

void pair_set(tn_socket_t *socket, const struct side *side)
{
    for (int i = 0; i < PAIR_OPTIONS && side->options[i]; i++) {
        const char *equals = strchr(side->options[i], '=');
        char name[64];

        snprintf(name, sizeof name, "%.*s", (int)(equals - side->options[i]), side->options[i]);
        if (equals[1] == '@')
            assert_ok(tn_set_str(socket, name, certs_path(equals + 2)));
        else if (equals[1] == '#')
            assert_ok(tn_set_int(socket, name, equals[2] - '0'));
        else
            assert_ok(tn_set_str(socket, name, equals + 1));
    }
}

void pair_begin(struct pair *pair, const char *scheme, const struct side *server,
                const struct side *client)
{
    pair->ctx = api_ctx();
    pair->server = api_socket(pair->ctx, "pair");
    pair->client = api_socket(pair->ctx, "pair");
    pair_set(pair->server, server);
    pair_set(pair->client, client);
    pair->at_server = tn_monitor(pair->server, TN_EVENT_ALL);
    pair->at_client = tn_monitor(pair->client, TN_EVENT_ALL);
    assert_non_null(pair->at_server);
    assert_non_null(pair->at_client);
    api_bind(pair->server, scheme, pair->endpoint);
    assert_ok(tn_connect(pair->client, pair->endpoint));
}

void pair_end(struct pair *pair)
{
    tn_monitor_close(pair->at_server);
    tn_monitor_close(pair->at_client);
    assert_ok(tn_close(pair->client));
    assert_ok(tn_close(pair->server));
    api_ctx_end(pair->ctx);
}

void pair_talk(struct pair *pair)
{
    api_send(pair->client, "hello", 0);
    api_expect(pair->server, "hello");
    api_send(pair->server, "world", 0);
    api_expect(pair->client, "world");
}

void pair_fails(tn_monitor_t *monitor, const char *words)
{
    tn_event_t event;

    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_true(event.error < 0);
    if (!strstr(event.reason, words))
        print_error("\"%s\" is not in \"%s\"\n", words, event.reason);
    assert_non_null(strstr(event.reason, words));
}

static void sees(tn_socket_t *from, tn_socket_t *to, const char *property, const char *value)
{
    tn_msg_t msg;
    const char *found;

    tn_msg_init(&msg);
    api_send(from, "who am I", 0);
    assert_ok(tn_msg_recv(to, &msg, 0));
    found = tn_msg_property(&msg, property);
    if (!value) {
        assert_null(found);
    } else {
        assert_non_null(found);
        if (!strstr(found, value))
            print_error("%s is \"%s\", without \"%s\"\n", property, found, value);
        assert_non_null(strstr(found, value));
    }
    tn_msg_close(&msg);
}

void pair_server_sees(struct pair *pair, const char *property, const char *value)
{
    sees(pair->client, pair->server, property, value);
}

void pair_client_sees(struct pair *pair, const char *property, const char *value)
{
    sees(pair->server, pair->client, property, value);
}
