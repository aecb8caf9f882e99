/*
 * api.h: what the tests of the public interface share.
 *
 * Sockets come with time-outs, so that a lost message fails a test instead of stopping it, and with
 * linger 0. Endpoints are wildcards whose real address is read back. The checks end the test with the
 * library's sentence. Test threads only.
 */
#ifndef TENON_TESTS_API_H
#define TENON_TESTS_API_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include <tenon/tenon.h>

/* Longer than a machine may be stopped for, as a test must not fail because of that. */
enum { API_TIMEOUT_MS = 60000, API_ENDPOINT_MAX = 256 };

/** Wildcard endpoints of the three transports. The inproc one is a name. */
#define API_TCP "tcp://127.0.0.1:*"
#define API_IPC "ipc://*"

/** Fails with the library's sentence when `call` gives a negative code. */
#define assert_ok(call) api_assert_ok((long)(call), #call, __FILE__, __LINE__)
/** Fails unless `call` gives `code`. */
#define assert_code(call, code) api_assert_code((long)(call), code, #call, __FILE__, __LINE__)

long api_assert_ok(long code, const char *call, const char *file, int line);
void api_assert_code(long code, long wanted, const char *call, const char *file, int line);

tn_ctx_t *api_ctx(void);
/** Ends it; every socket has been closed. */
void api_ctx_end(tn_ctx_t *ctx);
tn_socket_t *api_socket(tn_ctx_t *ctx, const char *pattern);

/** Binds and stores the real endpoint in `out_endpoint[API_ENDPOINT_MAX]`. */
void api_bind(tn_socket_t *socket, const char *endpoint, char *out_endpoint);
/** Two sockets, `binder` bound at the wildcard and `connecter` connected, both handshakes done. */
void api_join(tn_socket_t *binder, tn_socket_t *connecter, const char *endpoint);
/** Connects over the layer "fault", with its options: a peer that is as bad as they say. */
void api_connect_badly(tn_socket_t *socket, const char *endpoint, const char *options);

void api_send(tn_socket_t *socket, const char *text, int flags);
/** Receives one frame and checks its text. */
void api_expect(tn_socket_t *socket, const char *text);
/** As above, and whether another frame follows. */
void api_expect_frame(tn_socket_t *socket, const char *text, bool more);
/** Checks that nothing is there now. */
void api_expect_nothing(tn_socket_t *socket);

/** Waits for an event of one kind and skips others. */
void api_expect_event(tn_monitor_t *monitor, uint32_t kind, tn_event_t *out_event);

/** A connected TCP socket to "tcp://127.0.0.1:PORT". */
int api_raw_connect(const char *endpoint);
/** A listening TCP socket; `out_endpoint` is where it is. */
int api_raw_listen(char *out_endpoint);
/** Writes everything. */
void api_raw_write(int fd, const void *data, size_t size);
/** Reads exactly `size` bytes; fails at the end of the stream. */
void api_raw_read(int fd, void *data, size_t size);
/** Reads and drops everything until the peer closes; fails after the time-out. */
void api_raw_expect_close(int fd);
/** Greeting of ZMTP 3.`minor` with NULL and a READY of `socket_type`, both ways. */
void api_raw_handshake(int fd, int minor, const char *socket_type);

#endif
