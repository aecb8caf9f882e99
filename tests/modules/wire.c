/* Another transport that moves nothing. */
#include "stream.h"

STREAM_MODULE(wire);
