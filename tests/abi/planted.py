#!/usr/bin/env python3
"""Whether scripts/abi finds what breaks programs or modules: it is given headers with one change each.

usage: planted.py ABI_SCRIPT INCLUDE_DIRECTORY COMPILER
"""
import os
import shutil
import subprocess
import sys
import tempfile

BROKEN, ADDED = "Put it back as it was", "nothing that was there has changed"
CHANGES = [
    # what, header, from, to, what is said
    ("nothing", "tenon.h", "", "", None),
    ("a comment", "module.h", "/* ---- for every module ---- */", "/* */", None),
    ("a function that is gone", "tenon.h", "TN_EXPORT int tn_close(tn_socket_t *socket);", "", BROKEN),
    ("a parameter more", "tenon.h", "int tn_close(tn_socket_t *socket)", "int tn_close(tn_socket_t *socket, int how)",
     BROKEN),
    ("another parameter", "tenon.h", "int tn_close(tn_socket_t *socket)", "int tn_close(const char *socket)", BROKEN),
    ("another result", "tenon.h", "TN_EXPORT int tn_close(", "TN_EXPORT long tn_close(", BROKEN),
    ("a function more", "tenon.h", "TN_EXPORT int tn_close(",
     "TN_EXPORT int tn_more(void);\nTN_EXPORT int tn_close(", ADDED),
    ("an op that is gone", "transport.h", "    int (*flush)(void *state);\n", "", BROKEN),
    ("an op in the middle", "transport.h", "    int (*flush)(void *state);\n",
     "    int (*more)(void *state);\n    int (*flush)(void *state);\n", BROKEN),
    ("an op's parameter", "pattern.h", "int (*send)(void *state, tn_msg_t *msg);",
     "int (*send)(void *state, tn_msg_t *msg, int flags);", BROKEN),
    ("an op of another name", "transport.h",
     "    int (*established)(void *state);\n", "    int (*handshaken)(void *state);\n", BROKEN),
    ("an op at the end", "transport.h", "} tn_transport_ops_t;",
     "    int (*more)(void *state);\n} tn_transport_ops_t;", ADDED),
    ("a host entry at the end", "module.h", "} tn_host_t;", "    int (*more)(void);\n} tn_host_t;", ADDED),
    ("a host entry in front", "module.h", "    void *context; /* the core's */",
     "    void *more;\n    void *context;", BROKEN),
    ("a wider member", "mechanism.h", "    uint32_t overhead;", "    uint64_t overhead;", BROKEN),
    ("another value", "module.h", "TN_READY_TX = 2", "TN_READY_TX = 4", BROKEN),
    ("a value that is gone", "module.h", ", TN_LOG_DEBUG = 4", "", BROKEN),
    ("a value more", "module.h", "TN_READY_TX = 2", "TN_READY_TX = 2, TN_READY_MORE = 4", ADDED),
]


def main():
    script, include, compiler = sys.argv[1:4]
    failures = 0
    for what, header, before, after, wanted in CHANGES:
        with tempfile.TemporaryDirectory() as directory:
            changed = os.path.join(directory, "include")
            shutil.copytree(include, changed)
            path = os.path.join(changed, "tenon", header)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            if before not in text:
                sys.exit(f"{header} has no longer what this test changes: {before}")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace(before, after, 1))
            done = subprocess.run([script, "--include", changed, "--cc", compiler,
                                   "library" if header == "tenon.h" else "modules"], capture_output=True, text=True,
                                  check=False)
        if done.returncode == 77:
            print(done.stdout)
            return 77
        is_right = done.returncode == 1 and wanted in done.stdout if wanted else done.returncode == 0
        print(f"{'ok' if is_right else 'NOT ok'}: {what}: status {done.returncode}")
        if not is_right:
            print(done.stdout + done.stderr)
            failures += 1
    return 1 if failures else 0


sys.exit(main())
