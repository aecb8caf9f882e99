/*
 * zmq_utils.h: what it once declared is in zmq.h; programs still include it.
 */
#include "zmq.h"
