#!/usr/bin/env python3
"""The library opened by ctypes, which hides its symbols from the modules. usage: ctypes_local.py LIBRARY"""

import ctypes
import sys


def main(path):
    tn = ctypes.CDLL(path)
    for name in ("tn_ctx_new", "tn_socket"):
        getattr(tn, name).restype = ctypes.c_void_p
    tn.tn_last_error.restype = ctypes.c_char_p
    tn.tn_recv.restype = ctypes.c_ssize_t

    def check(result, what):
        if result is None or result < 0:
            sys.exit(f"{what}: {tn.tn_last_error().decode()}")
        return result

    ctx = ctypes.c_void_p(check(tn.tn_ctx_new(), "tn_ctx_new"))
    pull = ctypes.c_void_p(check(tn.tn_socket(ctx, b"pull"), "tn_socket"))
    push = ctypes.c_void_p(check(tn.tn_socket(ctx, b"push"), "tn_socket"))
    check(tn.tn_bind(pull, b"tcp://127.0.0.1:*"), "tn_bind")
    endpoint = ctypes.create_string_buffer(256)
    size = ctypes.c_size_t(len(endpoint))
    check(tn.tn_get_str(pull, b"last_endpoint", endpoint, ctypes.byref(size)), "last_endpoint")
    check(tn.tn_connect(push, endpoint.value), "tn_connect")
    check(tn.tn_send(push, b"hello", ctypes.c_size_t(5), 0), "tn_send")
    buffer = ctypes.create_string_buffer(16)
    check(tn.tn_recv(pull, buffer, ctypes.c_size_t(len(buffer)), 0), "tn_recv")
    if buffer.value != b"hello":
        sys.exit(f"received {buffer.value!r}")
    tn.tn_close(push)
    tn.tn_close(pull)
    check(tn.tn_ctx_term(ctx, 10000), "tn_ctx_term")


if __name__ == "__main__":
    main(sys.argv[1])
