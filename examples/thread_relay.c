/*
 * thread_relay [STEPS]: each thread starts the next one, then waits for its signal and passes it
 * back. PAIR sockets over inproc are the threads' semaphores.
 */
#include <pthread.h>

#include "example.h"

struct step {
    tn_ctx_t *ctx;
    long number;
};

static void *run(void *argument);

static void wait_for_next(struct step *step)
{
    struct step next = {step->ctx, step->number - 1};
    tn_socket_t *from = must_socket(step->ctx, "pair");
    char endpoint[32], signal[16];
    pthread_t thread;

    snprintf(endpoint, sizeof(endpoint), "inproc://step-%ld", next.number);
    must(tn_bind(from, endpoint));
    if (pthread_create(&thread, NULL, run, &next) != 0)
        exit(EXIT_FAILURE);
    recv_text(from, signal, sizeof(signal));
    printf("step %ld: step %ld is %s\n", step->number, next.number, signal);
    pthread_join(thread, NULL);
    must(tn_close(from));
}

static void *run(void *argument)
{
    struct step *step = argument;
    tn_socket_t *to = must_socket(step->ctx, "pair");
    char endpoint[32];

    snprintf(endpoint, sizeof(endpoint), "inproc://step-%ld", step->number);
    if (step->number > 1)
        wait_for_next(step);
    must(tn_connect(to, endpoint));
    send_text(to, "READY", 0);
    must(tn_close(to));
    return NULL;
}

int main(int argc, char **argv)
{
    struct step last = {must_context(), argument_number(argc, argv, 1, 3)};

    wait_for_next(&last);
    printf("test successful\n");
    must(tn_ctx_term(last.ctx, -1));
    return EXIT_SUCCESS;
}
