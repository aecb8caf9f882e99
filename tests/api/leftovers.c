#include "leftovers.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { MASK = 0xa5, PART = 16, KEY = 32, MAPS_MAX = 256 * 1024, SHOWN_MAX = 8 };

static void fail_setup(const char *what)
{
    fprintf(stderr, "leftovers: %s\n", what);
    exit(1);
}

void hide(struct hidden *hidden, const char *name, const void *secret, size_t size)
{
    const volatile uint8_t *from = secret;

    if (size > HIDDEN_MAX || size < PART)
        fail_setup("a secret has 16 to 4096 bytes here");
    hidden->name = name;
    hidden->size = size;
    for (size_t i = 0; i < size; i++)
        hidden->bytes[i] = from[i] ^ MASK;
}

void hide_and_wipe(struct hidden *hidden, const char *name, void *secret, size_t size)
{
    hide(hidden, name, secret, size);
    explicit_bzero(secret, size);
}

void reveal(const struct hidden *hidden, void *out)
{
    volatile uint8_t *to = out;

    for (size_t i = 0; i < hidden->size; i++)
        to[i] = hidden->bytes[i] ^ MASK;
    to[hidden->size] = 0;
}

static void fill_random(uint8_t *bytes, size_t size)
{
    if (getrandom(bytes, size, 0) != (ssize_t)size)
        fail_setup("no random numbers");
}

void hide_text(struct hidden *hidden, const char *name, size_t size)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    uint8_t random[256];

    if (size > sizeof random)
        fail_setup("a text has at most 256 characters");
    fill_random(random, size);
    for (size_t i = 0; i < size; i++)
        random[i] = (uint8_t)letters[random[i] % 64];
    hide_and_wipe(hidden, name, random, size);
}

void hide_key(struct hidden *out_binary, struct hidden *out_text)
{
    static const char digits[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    uint8_t key[KEY], text[KEY / 4 * 5];

    fill_random(key, sizeof key);
    for (size_t word = 0; word < KEY / 4; word++) {
        uint32_t value = 0;
        for (size_t i = 0; i < 4; i++)
            value = value << 8 | key[4 * word + i];
        for (size_t i = 5; i-- > 0; value /= 85)
            text[5 * word + i] = (uint8_t)digits[value % 85];
    }
    hide_and_wipe(out_binary, "the key", key, sizeof key);
    hide_and_wipe(out_text, "the key in Z85", text, sizeof text);
}

/* ------------------------------------------------------------------ looking */

/* At `at`, without ever having the secret itself in one piece. */
static bool is_there(const volatile uint8_t *at, const uint8_t *hidden)
{
    for (size_t i = 0; i < PART; i++)
        if ((at[i] ^ MASK) != hidden[i])
            return false;
    return true;
}

static unsigned look(const struct hidden *hidden, const uint8_t *from, const uint8_t *to,
                     const char *where, unsigned *io_shown)
{
    const uint8_t *ends[] = {hidden->bytes, hidden->bytes + hidden->size - PART};
    unsigned found = 0;

    for (int end = 0; end < 2; end++) {
        const int first = ends[end][0] ^ MASK;
        const uint8_t *at = from;

        while (to - at >= PART && (at = memchr(at, first, (size_t)(to - at) - PART + 1))) {
            if (is_there(at, ends[end])) {
                found++;
                if ((*io_shown)++ < SHOWN_MAX)
                    fprintf(stderr, "%s, its %s, is at %p: %s\n", hidden->name,
                            end ? "end" : "beginning", (const void *)at, where);
            }
            at++;
        }
    }
    return found;
}

/* One line of /proc/self/maps; what is no mapping to be looked at has an empty range. */
static const char *parse_line(const char *line, const uint8_t **out_from, const uint8_t **out_to)
{
    unsigned long from = 0, to = 0;
    char rights[8] = "", kind[256] = "";

    *out_from = *out_to = NULL;
    if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, rights, kind) < 3 ||
        strncmp(rights, "rw", 2) != 0 || strncmp(kind, "[vv", 3) == 0)
        return line;
    *out_from = (const uint8_t *)from;
    *out_to = (const uint8_t *)to;
    return line;
}

unsigned leftovers(const struct hidden *hidden)
{
    static char maps[MAPS_MAX];
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    unsigned found = 0, shown = 0;
    size_t size = 0;
    ssize_t got;
    char *rest = maps;

    if (fd < 0)
        fail_setup("cannot open /proc/self/maps");
    while ((got = read(fd, maps + size, sizeof maps - 1 - size)) > 0)
        size += (size_t)got;
    close(fd);
    maps[size] = '\0';
    for (char *line; (line = strsep(&rest, "\n"));) {
        const uint8_t *from, *to;
        const char *where = parse_line(line, &from, &to);
        if (from < to)
            found += look(hidden, from, to, where, &shown);
    }
    return found;
}

void expect_no_leftovers(const struct hidden *hidden)
{
    assert_int_equal(leftovers(hidden), 0);
}
