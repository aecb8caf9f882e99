/* The layer "cut2", whose connections are lost sooner or later. */
#include "layer_cut.h"

CUT_MODULE(layer_cut2, "cut2");
