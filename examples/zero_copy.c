/*
 * zero_copy [BYTES]: sends a buffer of our own without a copy; the library says when it is done with
 * it. Which thread says so is not known, hence the semaphore.
 */
#include <semaphore.h>

#include "example.h"

static sem_t is_free;

static void give_back(void *data, void *hint)
{
    (void)hint;
    free(data);
    sem_post(&is_free);
}

int main(int argc, char **argv)
{
    size_t size = (size_t)argument_number(argc, argv, 1, 1000000);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *from = must_socket(ctx, "push"), *to = must_socket(ctx, "pull");
    char *buffer;
    tn_msg_t msg;

    if (sem_init(&is_free, 0, 0))
        return EXIT_FAILURE;
    must(tn_bind(to, "inproc://zero-copy"));
    must(tn_connect(from, "inproc://zero-copy"));
    buffer = calloc(1, size + 1);
    if (!buffer)
        return EXIT_FAILURE;
    must(tn_msg_init_data(&msg, buffer, size, give_back, NULL));
    must(tn_msg_send(from, &msg, 0));
    must(tn_msg_recv(to, &msg, 0));
    printf("received %zu bytes, %s\n", tn_msg_size(&msg),
           tn_msg_data(&msg) == buffer ? "which were never copied" : "in a copy");
    tn_msg_close(&msg);
    while (sem_wait(&is_free))
        continue;
    printf("the buffer is ours again\n");
    must(tn_close(from));
    return finish(ctx, to);
}
