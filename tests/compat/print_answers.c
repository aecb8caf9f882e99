/*
 * Prints what a libzmq.so.5 answers to getting and setting every option of contexts and of every type of
 * socket, with values and sizes right and wrong: a line for each call. tests/compat/answers.py compares those of two
 * libraries.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "compat.h"

enum { LAST_STABLE_TYPE = ZMQ_STREAM, LAST_OPTION = 130, ROOM = 300 };

static const int numbers[] = {-2,  -1,  0,     1,       2,       3,       99,     100,
                              255, 256, 65535, 6553599, 6553600, INT_MAX, INT_MIN};
static const size_t sizes[] = {0, 1, 3, 4, 5, 8, 9, 31, 32, 33, 39, 40, 41, 42, 255, 256, ROOM};

static void *context;

static void *open_socket(int type)
{
    void *socket = zmq_socket(context, type);
    int none = 0;

    if (!socket) {
        printf("type %d cannot be opened: %s\n", type, zmq_strerror(errno));
        exit(EXIT_FAILURE);
    }
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    return socket;
}

static void print_bytes(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size && i < ROOM; i++)
        printf("%02x", bytes[i]);
}

static void print_get(void *socket, int option, size_t room)
{
    unsigned char bytes[ROOM] = {0};
    size_t size = room;

    errno = 0;
    if (zmq_getsockopt(socket, option, bytes, &size) != 0) {
        printf(" %zu:%s", room, zmq_strerror(errno));
        return;
    }
    printf(" %zu:", room);
    /* Another one each time. */
    if (option == ZMQ_FD)
        printf("a descriptor of %zu", size);
    else
        print_bytes(bytes, size);
}

/* Gets with every size, of a new socket. */
static void print_gets(int type, int option)
{
    void *socket = open_socket(type);

    printf("type %d get %d:", type, option);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        print_get(socket, option, sizes[i]);
    printf("\n");
    zmq_close(socket);
}

/* Sets it on a new socket, and reads it back with the sizes that something reads with. */
static void print_set(int type, int option, const char *what, const void *value, size_t size)
{
    static const size_t rooms[] = {4, 8, 32, ROOM};
    void *socket = open_socket(type);
    int rc;

    errno = 0;
    rc = zmq_setsockopt(socket, option, value, size);
    printf("type %d set %d %s of %zu: %s", type, option, what, size,
           rc == 0 ? "ok, read" : zmq_strerror(errno));
    for (size_t i = 0; rc == 0 && i < sizeof rooms / sizeof *rooms; i++)
        print_get(socket, option, rooms[i]);
    printf("\n");
    zmq_close(socket);
}

static void print_sets(int type, int option)
{
    char text[ROOM + 1], name[32];

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int64_t wide = numbers[i];
        snprintf(name, sizeof name, "%d", numbers[i]);
        print_set(type, option, name, &numbers[i], sizeof numbers[i]);
        print_set(type, option, name, &wide, sizeof wide);
    }
    memset(text, 'x', ROOM);
    text[ROOM] = '\0';
    print_set(type, option, "NULL", NULL, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        print_set(type, option, "text", text, sizes[i]);
    /* Keys, addresses and properties. */
    text[40] = '\0';
    print_set(type, option, "a key", text, 41);
    print_set(type, option, "an address", "127.0.0.1", 9);
    print_set(type, option, "a network", "127.0.0.0/8", 11);
    print_set(type, option, "a property", "X-hello:world", 13);
}

static void print_context_get(void *of, int option)
{
    int value;

    errno = 0;
    value = zmq_ctx_get(of, option);
    printf(" %d %s\n", value, value == -1 && errno ? zmq_strerror(errno) : "");
}

static void print_context(int option)
{
    void *of = zmq_ctx_new();

    printf("context get %d:", option);
    print_context_get(of, option);
    zmq_ctx_term(of);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        of = zmq_ctx_new();
        errno = 0;
        printf("context set %d %d: %s, read", option, numbers[i],
               zmq_ctx_set(of, option, numbers[i]) == 0 ? "ok" : zmq_strerror(errno));
        print_context_get(of, option);
        zmq_ctx_term(of);
    }
}

int main(void)
{
    for (int option = 0; option <= LAST_OPTION; option++)
        print_context(option);
    for (int type = 0; type <= LAST_STABLE_TYPE; type++) {
        for (int option = 0; option <= LAST_OPTION; option++) {
            /* Sockets are closed for good with their context, which has room for so many. */
            context = zmq_ctx_new();
            print_gets(type, option);
            print_sets(type, option);
            zmq_ctx_term(context);
        }
    }
    return 0;
}
