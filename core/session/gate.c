#include "session/gate.h"

#include "base/clock.h"

void tni_gate_init(struct tni_gate *gate, unsigned limit, tni_gate_call *call)
{
    pthread_mutex_init(&gate->lock, NULL);
    gate->limit = limit;
    gate->inside = 0;
    tni_link_init(&gate->line);
    gate->passed_at = 0;
    gate->call = call;
}

void tni_gate_fini(struct tni_gate *gate)
{
    pthread_mutex_destroy(&gate->lock);
}

bool tni_gate_enter(struct tni_gate *gate, struct tni_link *place)
{
    bool is_in;

    pthread_mutex_lock(&gate->lock);
    is_in = gate->limit == 0 || gate->inside < gate->limit;
    if (is_in && gate->inside++ == 0)
        gate->passed_at = tni_clock_ms();
    if (!is_in)
        tni_list_append(&gate->line, place);
    pthread_mutex_unlock(&gate->lock);
    return is_in;
}

static void let_next_in(struct tni_gate *gate)
{
    struct tni_link *next = gate->line.next;

    gate->inside--;
    if (tni_list_is_empty(&gate->line))
        return;
    tni_link_remove(next);
    gate->inside++;
    gate->call(next);
}

void tni_gate_leave(struct tni_gate *gate, bool has_passed)
{
    pthread_mutex_lock(&gate->lock);
    if (has_passed)
        gate->passed_at = tni_clock_ms();
    let_next_in(gate);
    pthread_mutex_unlock(&gate->lock);
}

void tni_gate_quit(struct tni_gate *gate, struct tni_link *place)
{
    pthread_mutex_lock(&gate->lock);
    if (tni_link_is_linked(place))
        tni_link_remove(place);
    else
        let_next_in(gate);
    pthread_mutex_unlock(&gate->lock);
}

uint64_t tni_gate_passed_at(struct tni_gate *gate)
{
    uint64_t at;

    pthread_mutex_lock(&gate->lock);
    at = gate->passed_at;
    pthread_mutex_unlock(&gate->lock);
    return at;
}
