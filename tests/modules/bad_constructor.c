/* Runs code before anybody could judge it. */
#include "fixture.h"

static volatile int started;

static __attribute__((constructor)) void start(void)
{
    started = 1;
}

FIXTURE_MODULE(bad_constructor);
