/*
 * task_sink [SINK-ENDPOINT [CONTROL-ENDPOINT [WORKERS]]]: adds the results up, then tells the WORKERS
 * workers to stop.
 */
#include "example.h"

int main(int argc, char **argv)
{
    long workers = argument_number(argc, argv, 3, 1), jobs = -1, done = 0, sum = 0;
    tn_ctx_t *ctx = must_context();
    tn_socket_t *results = must_socket(ctx, "pull"), *control = must_socket(ctx, "pub");

    must(tn_bind(results, argument(argc, argv, 1, "tcp://*:5558")));
    must(tn_bind(control, argument(argc, argv, 2, "tcp://*:5559")));
    /* How many jobs there are comes from the ventilator, and may be overtaken by results. */
    while (done != jobs) {
        char result[32];
        recv_text(results, result, sizeof(result));
        if (sscanf(result, "jobs %ld", &jobs) == 1)
            continue;
        sum += strtol(result, NULL, 10);
        done++;
    }
    printf("sink: %ld results, sum %ld\n", done, sum);
    must(tn_wait_subscribers(control, (size_t)workers, -1));
    send_text(control, "KILL", 0);
    must(tn_close(results));
    return finish(ctx, control);
}
