/*
 * task_ventilator [JOBS-ENDPOINT [SINK-ENDPOINT [JOBS [WORKERS]]]]: hands JOBS jobs out to the
 * workers. Waits for WORKERS of them, or the first to connect would get everything.
 */
#include "example.h"

int main(int argc, char **argv)
{
    const char *jobs_endpoint = argument(argc, argv, 1, "tcp://*:5557");
    const char *sink_endpoint = argument(argc, argv, 2, "tcp://localhost:5558");
    long jobs = argument_number(argc, argv, 3, 100);
    long workers = argument_number(argc, argv, 4, 1);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *out = must_socket(ctx, "push"), *sink = must_socket(ctx, "push");
    char job[32];

    must(tn_bind(out, jobs_endpoint));
    must(tn_connect(sink, sink_endpoint));
    must(tn_wait_peers(out, (size_t)workers, -1));
    snprintf(job, sizeof(job), "jobs %ld", jobs);
    send_text(sink, job, 0);
    for (long i = 1; i <= jobs; i++) {
        snprintf(job, sizeof(job), "%ld", i);
        send_text(out, job, 0);
    }
    must(tn_close(out));
    return finish(ctx, sink);
}
