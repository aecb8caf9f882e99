#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_ROOM = 65536 };

void input_init(struct input *input, int fd, bool whole)
{
    memset(input, 0, sizeof(*input));
    input->fd = fd;
    input->whole = whole;
}

void input_fini(struct input *input)
{
    free(input->buffer);
}

static bool take_up_to(struct input *input, size_t size, size_t skip, const char **out_line,
                       size_t *out_size)
{
    *out_line = input->buffer + input->start;
    *out_size = size;
    input->start += size + skip;
    return true;
}

bool input_take(struct input *input, const char **out_line, size_t *out_size)
{
    size_t left = input->size - input->start;
    const char *newline = NULL;

    if (!input->whole && left)
        newline = memchr(input->buffer + input->start, '\n', left);
    if (newline)
        return take_up_to(input, (size_t)(newline - input->buffer) - input->start, 1, out_line,
                          out_size);
    if (!input->ended || !left)
        return false;
    return take_up_to(input, left, 0, out_line, out_size);
}

static int make_room(struct input *input)
{
    size_t room = input->room ? input->room * 2 : FIRST_ROOM;
    char *buffer;

    if (input->start) {
        memmove(input->buffer, input->buffer + input->start, input->size - input->start);
        input->size -= input->start;
        input->start = 0;
    }
    if (input->size < input->room)
        return 0;
    buffer = realloc(input->buffer, room);
    if (!buffer)
        return -ENOMEM;
    input->buffer = buffer;
    input->room = room;
    return 0;
}

int input_fill(struct input *input)
{
    ssize_t length;
    int code = make_room(input);

    if (code)
        return code;
    length = read(input->fd, input->buffer + input->size, input->room - input->size);
    if (length < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    if (length == 0)
        input->ended = true;
    input->size += (size_t)length;
    return 0;
}

int input_next(struct input *input, tn_socket_t *socket, const char **out_line, size_t *out_size)
{
    while (!input_take(input, out_line, out_size)) {
        tn_pollitem_t items[] = {{NULL, input->fd, TN_POLLIN, 0}, {socket, -1, 0, 0}};
        int code;

        if (input->ended)
            return 0;
        code = tn_poll(items, 2, -1);
        if (code >= 0)
            code = items[0].revents ? input_fill(input) : 0;
        if (code < 0 && code != -EINTR)
            return code;
    }
    return 1;
}
