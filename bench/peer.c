#include "peer.h"

#include <string.h>

const struct bench_peer *const bench_peers[] = {&bench_tenon, &bench_dropin, &bench_nanomsg,
                                                &bench_nng,   &bench_raw,    &bench_raw_spin,
                                                &bench_zmq,   NULL};

int bench_peer_place(const char *name)
{
    for (int i = 0; bench_peers[i]; i++) {
        if (strcmp(bench_peers[i]->name, name) == 0)
            return i;
    }
    return -1;
}
