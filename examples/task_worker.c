/*
 * task_worker [JOBS-ENDPOINT [SINK-ENDPOINT [CONTROL-ENDPOINT]]]: squares numbers until the sink says
 * over the control feed that everything is done.
 */
#include "example.h"

static void work(tn_socket_t *jobs, tn_socket_t *results)
{
    char job[32], result[32];
    long number;

    recv_text(jobs, job, sizeof(job));
    number = strtol(job, NULL, 10);
    snprintf(result, sizeof(result), "%ld", number * number);
    send_text(results, result, 0);
}

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = must_context();
    tn_socket_t *jobs = must_socket(ctx, "pull"), *results = must_socket(ctx, "push");
    tn_socket_t *control = must_socket(ctx, "sub");
    tn_pollitem_t items[] = {{jobs, -1, TN_POLLIN, 0}, {control, -1, TN_POLLIN, 0}};

    must(tn_connect(results, argument(argc, argv, 2, "tcp://localhost:5558")));
    must(tn_subscribe(control, "", 0));
    must(tn_connect(control, argument(argc, argv, 3, "tcp://localhost:5559")));
    must(tn_connect(jobs, argument(argc, argv, 1, "tcp://localhost:5557")));
    for (;;) {
        must(tn_poll(items, 2, -1));
        if (items[0].revents)
            work(jobs, results);
        if (items[1].revents)
            break;
    }
    printf("worker: told to stop\n");
    must(tn_close(jobs));
    must(tn_close(control));
    return finish(ctx, results);
}
