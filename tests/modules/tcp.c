/* A transport by the name of tcp that moves nothing: for the tests of policy. */
#include "stream.h"

STREAM_MODULE(tcp);
