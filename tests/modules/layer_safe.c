/* The layer "safe", which claims to protect what is below it. */
#include "layer_xor.h"

LAYER_MODULE(layer_safe, "safe", TN_TRANSPORT_PROTECTS);
