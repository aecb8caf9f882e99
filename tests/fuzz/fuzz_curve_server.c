/* A CURVE server, and a client that holds the right keys (curve.h). */
#include "curve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    curve_run(data, size, SERVER);
    return 0;
}
