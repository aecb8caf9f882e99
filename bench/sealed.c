#include "sealed.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "library.h"
#include "peer.h"

/* RFC 26: sizes of keys, of what a box adds, and of the commands. */
enum { KEY = 32, MAC = 16, NONCE = 24, COOKIE = 96, GREETING = 64 };
enum { HELLO = 200, WELCOME = 168, VOUCH = 16 + 2 * KEY + MAC, SEAL = 8 + 8 + MAC + 1 };
enum { COMMAND = 4, LONG_COMMAND = 6, LONG = 2 }; /* flags of frames */

static struct {
    int (*keypair)(unsigned char *, unsigned char *);
    int (*box)(unsigned char *, const unsigned char *, unsigned long long, const unsigned char *,
               const unsigned char *, const unsigned char *);
    int (*open)(unsigned char *, const unsigned char *, unsigned long long, const unsigned char *,
                const unsigned char *, const unsigned char *);
    int (*share)(unsigned char *, const unsigned char *, const unsigned char *);
    int (*seal)(unsigned char *, const unsigned char *, unsigned long long, const unsigned char *,
                const unsigned char *);
} sodium;

int bench_sealed_is_there(void)
{
    const struct bench_symbol symbols[] = {
        {"crypto_box_keypair", &sodium.keypair},   {"crypto_box_easy", &sodium.box},
        {"crypto_box_open_easy", &sodium.open},    {"crypto_box_beforenm", &sodium.share},
        {"crypto_box_easy_afternm", &sodium.seal},
    };

    return bench_library("libsodium.so.23", symbols, sizeof(symbols) / sizeof(*symbols)) == 0;
}

static int complain(const char *what)
{
    fprintf(stderr, "sealed peer: %s: %s\n", what, strerror(errno));
    return -1;
}

/* ------------------------------------------------------------------ keys and nonces */

static void decode_key(const char *text, uint8_t *out_key)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 ".-:+=^!/*?&<>()[]{}@%$#";

    for (size_t i = 0; i < KEY / 4; i++) {
        uint32_t value = 0;
        for (size_t j = 0; j < 5; j++)
            value = value * 85 + (uint32_t)(strchr(digits, text[5 * i + j]) - digits);
        value = htobe32(value);
        memcpy(out_key + 4 * i, &value, sizeof(value));
    }
}

/** `name` of 16 characters, and a number, which is also put where the command has it. */
static void short_nonce(uint8_t *out_nonce, const char *name, uint64_t number, uint8_t *out_number)
{
    number = htobe64(number);
    memcpy(out_nonce, name, 16);
    memcpy(out_nonce + 16, &number, 8);
    memcpy(out_number, &number, 8);
}

static void long_nonce(uint8_t *out_nonce, const char *name, const uint8_t *rest)
{
    memcpy(out_nonce, name, 8);
    memcpy(out_nonce + 8, rest, 16);
}

/* ------------------------------------------------------------------ handshake */

static int tell(int fd, const void *bytes, size_t size)
{
    return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size ? 0 : complain("send");
}

static int hear(int fd, void *out_bytes, size_t size)
{
    return recv(fd, out_bytes, size, MSG_WAITALL) == (ssize_t)size ? 0 : complain("receive");
}

static int tell_command(int fd, const uint8_t *body, size_t size)
{
    uint8_t head[9] = {COMMAND, (uint8_t)size};
    uint64_t length = htobe64(size);

    if (size <= UINT8_MAX)
        return tell(fd, head, 2) || tell(fd, body, size);
    head[0] = LONG_COMMAND;
    memcpy(head + 1, &length, sizeof(length));
    return tell(fd, head, sizeof(head)) || tell(fd, body, size);
}

static int greet(int fd)
{
    uint8_t greeting[GREETING] = {[0] = 0xff, [9] = 0x7f, [10] = 3};

    memcpy(greeting + 12, "CURVE", 5);
    return tell(fd, greeting, sizeof(greeting)) || hear(fd, greeting, sizeof(greeting));
}

struct keys {
    uint8_t server[KEY], public[KEY], secret[KEY]; /* that last; */
    uint8_t short_public[KEY], short_secret[KEY]; /* of the connection */
    uint8_t welcome[KEY + COOKIE]; /* the server's key of the connection, and its cookie */
};

static int say_hello(int fd, struct keys *keys)
{
    static const uint8_t zeros[64];
    uint8_t hello[HELLO] = "\5HELLO\1", nonce[NONCE];

    memcpy(hello + 80, keys->short_public, KEY);
    short_nonce(nonce, "CurveZMQHELLO---", 1, hello + 112);
    sodium.box(hello + 120, zeros, sizeof(zeros), nonce, keys->server, keys->short_secret);
    return tell_command(fd, hello, sizeof(hello));
}

static int hear_welcome(int fd, struct keys *keys)
{
    uint8_t frame[2 + WELCOME], nonce[NONCE];
    const uint8_t *welcome = frame + 2;

    if (hear(fd, frame, sizeof(frame)))
        return -1;
    long_nonce(nonce, "WELCOME-", welcome + 8);
    if (!sodium.open(keys->welcome, welcome + 24, KEY + COOKIE + MAC, nonce, keys->server,
                     keys->short_secret))
        return 0;
    errno = EPROTO;
    return complain("WELCOME");
}

static int initiate(int fd, const struct keys *keys)
{
    static const char metadata[] = "\13Socket-Type\0\0\0\4PUSH";
    uint8_t text[KEY + VOUCH + sizeof(metadata) - 1] = {0}, vouched[2 * KEY], nonce[NONCE];
    uint8_t command[113 + MAC + sizeof(text)] = "\10INITIATE";

    memcpy(text, keys->public, KEY);
    memcpy(vouched, keys->short_public, KEY);
    memcpy(vouched + KEY, keys->server, KEY);
    long_nonce(nonce, "VOUCH---", text + KEY);
    sodium.box(text + KEY + 16, vouched, sizeof(vouched), nonce, keys->welcome, keys->secret);
    memcpy(text + KEY + VOUCH, metadata, sizeof(metadata) - 1);
    memcpy(command + 9, keys->welcome + KEY, COOKIE);
    short_nonce(nonce, "CurveZMQINITIATE", 2, command + 105);
    sodium.box(command + 113, text, sizeof(text), nonce, keys->welcome, keys->short_secret);
    return tell_command(fd, command, sizeof(command));
}

/* What READY says is not looked at. */
static int hear_ready(int fd)
{
    uint8_t head[2], body[UINT8_MAX];

    if (hear(fd, head, sizeof(head)))
        return -1;
    if (head[0] == COMMAND)
        return hear(fd, body, head[1]);
    errno = EPROTO;
    return complain("READY");
}

static int shake_hands(int fd, struct keys *keys)
{
    decode_key(bench_server_public, keys->server);
    decode_key(bench_client_public, keys->public);
    decode_key(bench_client_secret, keys->secret);
    sodium.keypair(keys->short_public, keys->short_secret);
    return greet(fd) || say_hello(fd, keys) || hear_welcome(fd, keys) || initiate(fd, keys) ||
                   hear_ready(fd)
               ? -1
               : 0;
}

/* ------------------------------------------------------------------ messages */

static int seal_all(struct bench_sealed *peer, const struct keys *keys, size_t count, size_t size)
{
    uint8_t shared[KEY], nonce[NONCE], *text = calloc(1, size + 1), *at;
    uint64_t length = htobe64(size + SEAL);

    peer->size = count * (9 + SEAL + size);
    peer->bytes = malloc(peer->size);
    if (!text || !peer->bytes) {
        free(text);
        return complain("messages");
    }
    at = peer->bytes;
    sodium.share(shared, keys->welcome, keys->short_secret);
    for (size_t i = 0; i < count; i++) {
        *at = LONG;
        memcpy(at + 1, &length, sizeof(length));
        memcpy(at + 9, "\7MESSAGE", 8);
        short_nonce(nonce, "CurveZMQMESSAGEC", 3 + i, at + 17);
        sodium.seal(at + 25, text, size + 1, nonce, shared);
        at += 9 + SEAL + size;
    }
    free(text);
    return 0;
}

static int dial(const char *endpoint)
{
    const char *port = strrchr(endpoint, ':');
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)(port ? atoi(port + 1) : 0)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)))
        complain(endpoint);
    return fd;
}

int bench_sealed_open(struct bench_sealed *peer, const char *endpoint, size_t count, size_t size)
{
    struct keys keys = {0};

    *peer = (struct bench_sealed){.fd = dial(endpoint)};
    if (peer->fd < 0 || shake_hands(peer->fd, &keys))
        return -1;
    return seal_all(peer, &keys, count, size);
}

int bench_sealed_write(struct bench_sealed *peer)
{
    ssize_t size = send(peer->fd, peer->bytes + peer->done, peer->size - peer->done,
                        MSG_DONTWAIT | MSG_NOSIGNAL);

    if (size < 0)
        return errno == EAGAIN ? 0 : complain("send");
    peer->done += (size_t)size;
    return 0;
}

void bench_sealed_close(struct bench_sealed *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    free(peer->bytes);
}
