/* The layer "open", which does not claim to protect anything. */
#include "layer_xor.h"

LAYER_MODULE(layer_open, "open", 0);
