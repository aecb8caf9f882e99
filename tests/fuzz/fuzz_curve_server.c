/* A CURVE server: the first byte says how far a good client brings it, the next three where a byte is
 * changed and how; then a script of commands, or of frames when the handshake is done. */
#include "curve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct curve_end server, client;
    unsigned steps, at;
    uint8_t change;
    int rc = 0;

    if (size < 4)
        return 0;
    steps = data[0] % 4;
    at = (unsigned)data[1] << 8 | data[2];
    change = data[3];
    curve_end_open(&server, 1);
    curve_end_open(&client, 0);
    if (steps >= 1)
        rc = curve_pass(&client, &server, at, steps == 1 ? change : 0);
    if (rc == 0 && steps >= 2)
        rc = curve_pass(&server, &client, 0, 0);
    if (rc == 0 && steps >= 2)
        rc = curve_pass(&client, &server, at, steps == 2 ? change : 0);
    if (rc == 0 && steps == 3) {
        CHECK(curve_pass(&server, &client, 0, 0) == 0);
        curve_frames(&client, &server, data + 4, size - 4);
    } else if (rc == 0) {
        run_script(server.ops, server.state, data + 4, size - 4);
    }
    curve_end_close(&server);
    curve_end_close(&client);
    return 0;
}
