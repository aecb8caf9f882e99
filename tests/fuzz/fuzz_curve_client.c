/* A CURVE client, as fuzz_curve_server.c. */
#include "curve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct curve_end server, client;
    unsigned steps, at;
    uint8_t change, out[8192];
    int rc;

    if (size < 4)
        return 0;
    steps = data[0] % 4;
    at = (unsigned)data[1] << 8 | data[2];
    change = data[3];
    curve_end_open(&server, 1);
    curve_end_open(&client, 0);
    if (steps == 0) {
        CHECK(client.ops->next_command(client.state, out, sizeof out) == 200);
        run_script(client.ops, client.state, data + 4, size - 4);
        goto done;
    }
    CHECK(curve_pass(&client, &server, 0, 0) == 0);
    rc = curve_pass(&server, &client, at, steps == 1 ? change : 0);
    if (rc == 0 && steps >= 2)
        rc = curve_pass(&client, &server, 0, 0);
    if (rc == 0 && steps >= 2)
        rc = curve_pass(&server, &client, at, steps == 2 ? change : 0);
    if (rc == 0 && steps == 3)
        curve_frames(&server, &client, data + 4, size - 4);
    else if (rc == 0)
        run_script(client.ops, client.state, data + 4, size - 4);
done:
    curve_end_close(&server);
    curve_end_close(&client);
    return 0;
}
