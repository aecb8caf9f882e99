/* A CURVE client, and a server that holds the right keys (curve.h). */
#include "curve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    curve_run(data, size, CLIENT);
    return 0;
}
