#include "socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

enum {
    VERSION = 5,
    AUTHENTICATION_VERSION = 1,
    METHOD_NONE = 0,
    METHOD_PASSWORD = 2,
    METHOD_REFUSED = 0xff,
    COMMAND_CONNECT = 1,
    ADDRESS_V4 = 1,
    ADDRESS_NAME = 3,
    ADDRESS_V6 = 4,
    REPLY_HEAD = 5, /* up to the first byte of the address */
};

static int fail(struct tni_socks *socks, int code, const char *reason)
{
    socks->state = TNI_SOCKS_FAILED;
    socks->wanted = socks->in_size = 0;
    socks->reason = reason;
    return code;
}

static void expect(struct tni_socks *socks, enum tni_socks_state state, size_t size)
{
    socks->state = (uint8_t)state;
    socks->in_size = 0;
    socks->wanted = size;
}

static void put(struct tni_socks *socks, const void *bytes, size_t size)
{
    memcpy(socks->out + socks->out_size, bytes, size);
    socks->out_size += size;
}

static void put_byte(struct tni_socks *socks, size_t byte)
{
    socks->out[socks->out_size++] = (uint8_t)byte;
}

static void put_text(struct tni_socks *socks, const char *text)
{
    put_byte(socks, strlen(text));
    put(socks, text, strlen(text));
}

int tni_socks_start(struct tni_socks *socks, const char *host, uint16_t port, const char *user,
                    const char *password)
{
    if (!password)
        password = "";
    if (!*host || strlen(host) > TNI_SOCKS_TEXT_MAX || strlen(password) > TNI_SOCKS_TEXT_MAX ||
        (user && strlen(user) > TNI_SOCKS_TEXT_MAX))
        return -EINVAL;
    memset(socks, 0, sizeof *socks);
    memcpy(socks->host, host, strlen(host) + 1);
    socks->port = port;
    socks->has_user = user && *user;
    if (socks->has_user) {
        memcpy(socks->user, user, strlen(user) + 1);
        memcpy(socks->password, password, strlen(password) + 1);
    }
    put_byte(socks, VERSION);
    put_byte(socks, 1);
    put_byte(socks, socks->has_user ? METHOD_PASSWORD : METHOD_NONE);
    expect(socks, TNI_SOCKS_METHOD, 2);
    return 0;
}

size_t tni_socks_wants(const struct tni_socks *socks)
{
    return socks->wanted - socks->in_size;
}

/* ------------------------------------------------------------------ what is said */

static void say_password(struct tni_socks *socks)
{
    put_byte(socks, AUTHENTICATION_VERSION);
    put_text(socks, socks->user);
    put_text(socks, socks->password);
    expect(socks, TNI_SOCKS_STATUS, 2);
}

static void put_address(struct tni_socks *socks)
{
    struct in6_addr number;
    char *scope = strchr(socks->host, '%');

    if (inet_pton(AF_INET, socks->host, &number) == 1) {
        put_byte(socks, ADDRESS_V4);
        put(socks, &number, sizeof(struct in_addr));
        return;
    }
    /* A scope has a meaning on this machine alone. */
    if (scope && strchr(socks->host, ':'))
        *scope = '\0';
    if (inet_pton(AF_INET6, socks->host, &number) == 1) {
        put_byte(socks, ADDRESS_V6);
        put(socks, &number, sizeof number);
        return;
    }
    put_byte(socks, ADDRESS_NAME);
    put_text(socks, socks->host);
}

static void say_request(struct tni_socks *socks)
{
    put_byte(socks, VERSION);
    put_byte(socks, COMMAND_CONNECT);
    put_byte(socks, 0);
    put_address(socks);
    put_byte(socks, socks->port >> 8);
    put_byte(socks, socks->port & 0xff);
    expect(socks, TNI_SOCKS_REPLY, REPLY_HEAD);
}

/* ------------------------------------------------------------------ what is answered */

static int on_method(struct tni_socks *socks)
{
    if (socks->in[0] != VERSION)
        return fail(socks, -ECONNABORTED, "does not speak SOCKS5");
    if (socks->in[1] == METHOD_REFUSED)
        return fail(socks, -ECONNREFUSED,
                    socks->has_user ? "takes no user name and password"
                                    : "wants to know who we are; set socks_username");
    if (socks->in[1] != (socks->has_user ? METHOD_PASSWORD : METHOD_NONE))
        return fail(socks, -ECONNABORTED, "chose a method that was not offered");
    if (socks->has_user)
        say_password(socks);
    else
        say_request(socks);
    return 0;
}

static int on_status(struct tni_socks *socks)
{
    if (socks->in[0] != AUTHENTICATION_VERSION)
        return fail(socks, -ECONNABORTED, "answered the user name by something else than RFC 1929");
    if (socks->in[1] != 0)
        return fail(socks, -EACCES, "refused the user name or the password");
    say_request(socks);
    return 0;
}

static int refused(struct tni_socks *socks)
{
    static const struct {
        int code;
        const char *reason;
    } answers[] = {
        {-ECONNABORTED, "failed without giving a reason"},
        {-EACCES, "does not allow this connection"},
        {-ENETUNREACH, "says that the network cannot be reached"},
        {-EHOSTUNREACH, "says that the host cannot be reached"},
        {-ECONNREFUSED, "says that nobody listens at the address"},
        {-ETIMEDOUT, "says that the connection took too long"},
        {-EOPNOTSUPP, "knows no connect"},
        {-EAFNOSUPPORT, "does not know this kind of address"},
    };
    size_t answer = (size_t)socks->in[1] - 1;

    if (answer >= sizeof answers / sizeof answers[0])
        return fail(socks, -ECONNABORTED, "refused for a reason of its own");
    return fail(socks, answers[answer].code, answers[answer].reason);
}

static int on_reply(struct tni_socks *socks)
{
    size_t address;

    if (socks->in[0] != VERSION)
        return fail(socks, -ECONNABORTED, "answered by something else than RFC 1928");
    if (socks->in[1] != 0)
        return refused(socks);
    switch (socks->in[3]) {
    case ADDRESS_V4:
        address = 4;
        break;
    case ADDRESS_V6:
        address = 16;
        break;
    case ADDRESS_NAME:
        address = 1 + (size_t)socks->in[4];
        break;
    default:
        return fail(socks, -ECONNABORTED, "answered with an unknown kind of address");
    }
    socks->state = TNI_SOCKS_BOUND;
    socks->wanted = REPLY_HEAD - 1 + address + 2;
    return 0;
}

int tni_socks_take(struct tni_socks *socks, const uint8_t *bytes, size_t size)
{
    if (size > tni_socks_wants(socks))
        return fail(socks, -ECONNABORTED, "was read too far");
    memcpy(socks->in + socks->in_size, bytes, size);
    socks->in_size += size;
    if (socks->in_size < socks->wanted)
        return 0;
    socks->out_size = 0;
    switch (socks->state) {
    case TNI_SOCKS_METHOD:
        return on_method(socks);
    case TNI_SOCKS_STATUS:
        return on_status(socks);
    case TNI_SOCKS_REPLY:
        return on_reply(socks);
    case TNI_SOCKS_BOUND:
        expect(socks, TNI_SOCKS_DONE, 0);
        return 0;
    default:
        return 0;
    }
}
