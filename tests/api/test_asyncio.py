"""A context without I/O threads inside asyncio, through ctypes: a REP service that the loop drives,
and a REQ client in a context of its own. The library is opened RTLD_LOCAL, as any binding does.

Usage: test_asyncio.py LIBTENON"""

import asyncio
import ctypes
import errno
import sys

ROUNDS = 200
TIMEOUT = 20

tn = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_LOCAL)
for name in ("tn_ctx_new", "tn_socket"):
    getattr(tn, name).restype = ctypes.c_void_p
tn.tn_last_error.restype = ctypes.c_char_p
tn.tn_recv.restype = ctypes.c_ssize_t
tn.tn_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
tn.tn_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
tn.tn_socket.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
tn.tn_ctx_set_int.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64]
tn.tn_get_str.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p,
                          ctypes.POINTER(ctypes.c_size_t)]
for name in ("tn_bind", "tn_connect"):
    getattr(tn, name).argtypes = [ctypes.c_void_p, ctypes.c_char_p]
tn.tn_fd.argtypes = [ctypes.c_void_p, ctypes.c_int]
tn.tn_ctx_term.argtypes = [ctypes.c_void_p, ctypes.c_int]
for name in ("tn_close", "tn_ctx_fd", "tn_ctx_deadline", "tn_ctx_step"):
    getattr(tn, name).argtypes = [ctypes.c_void_p]

DONTWAIT = 1
POLLIN = 1


def ok(code):
    if code is None or code < 0:
        raise SystemExit(f"{code}: {tn.tn_last_error().decode()}")
    return code


class Driver:
    """Steps a context whenever its descriptor is readable or its deadline has come."""

    def __init__(self, loop, ctx):
        self.loop, self.ctx, self.timer = loop, ctx, None
        self.fd = ok(tn.tn_ctx_fd(ctx))
        loop.add_reader(self.fd, self.step)
        self.step()

    def step(self):
        ok(tn.tn_ctx_step(self.ctx))
        if self.timer:
            self.timer.cancel()
        deadline = tn.tn_ctx_deadline(self.ctx)
        self.timer = self.loop.call_later(deadline / 1000, self.step) if deadline >= 0 else None

    def stop(self):
        self.loop.remove_reader(self.fd)
        if self.timer:
            self.timer.cancel()


async def receive(loop, socket):
    buffer = ctypes.create_string_buffer(256)
    while True:
        size = tn.tn_recv(socket, buffer, len(buffer), DONTWAIT)
        if size != -errno.EAGAIN:
            return buffer.raw[:ok(size)]
        readable = loop.create_future()
        fd = ok(tn.tn_fd(socket, POLLIN))
        loop.add_reader(fd, lambda: readable.done() or readable.set_result(None))
        await readable
        loop.remove_reader(fd)


async def serve(loop, service):
    for _ in range(ROUNDS):
        request = await receive(loop, service)
        ok(tn.tn_send(service, request.upper(), len(request), 0))


async def ask(loop, client):
    for i in range(ROUNDS):
        question = f"question {i}".encode()
        ok(tn.tn_send(client, question, len(question), 0))
        assert await receive(loop, client) == question.upper()


async def main():
    loop = asyncio.get_running_loop()
    contexts, drivers, sockets = [], [], []
    for pattern in (b"rep", b"req"):
        ctx = ok(tn.tn_ctx_new())
        ok(tn.tn_ctx_set_int(ctx, b"io_threads", 0))
        contexts.append(ctx)
        sockets.append(ok(tn.tn_socket(ctx, pattern)))
    ok(tn.tn_bind(sockets[0], b"tcp://127.0.0.1:*"))
    endpoint = ctypes.create_string_buffer(256)
    ok(tn.tn_get_str(sockets[0], b"last_endpoint", endpoint, ctypes.byref(ctypes.c_size_t(256))))
    ok(tn.tn_connect(sockets[1], endpoint.value))
    drivers = [Driver(loop, ctx) for ctx in contexts]
    await asyncio.wait_for(
        asyncio.gather(serve(loop, sockets[0]), ask(loop, sockets[1])), TIMEOUT)
    for driver in drivers:
        driver.stop()
    for socket in sockets:
        ok(tn.tn_close(socket))
    for ctx in contexts:
        ok(tn.tn_ctx_term(ctx, TIMEOUT * 1000))


asyncio.run(main())
