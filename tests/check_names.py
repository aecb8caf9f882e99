#!/usr/bin/env python3
"""The core names no transport, no pattern and no mechanism but NULL.

usage: check_names.py DIRECTORY

Comments may, and so may sentences for users (a string literal with a space in it). Any other string
literal must not hold such a name as a word, and an identifier must not have one as a part between
underscores; names that are also everyday English words (push, pair, plain, ...) count in string
literals alone.
"""

import pathlib
import re
import sys

NAMES = "tcp ipc inproc tls ws udp shm vsock dealer router xpub xsub radio dish dgram curve".split()
WORDS = "pair push pull req rep pub sub plain".split()

TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<include>^[ \t]*\#[ \t]*include[^\n]*)"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*)|(?P<char>'(?:\\.|[^'\\\n])*')|(?P<name>[A-Za-z_]\w*)""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


def offences(text):
    for match in TOKEN.finditer(text):
        if match["string"]:
            parts = [] if " " in match[0] else re.findall(r"\w+", match[0])
            bad = [part for part in parts if part.lower() in NAMES + WORDS]
        elif match["name"] and match["name"] != "tls_model":  # the compiler's, of thread-local storage
            bad = [part for part in match["name"].split("_") if part.lower() in NAMES]
        else:
            continue
        if bad:
            yield text.count("\n", 0, match.start()) + 1, match[0]


def main(directory):
    found = 0
    for path in sorted(pathlib.Path(directory).rglob("*.[ch]")):
        for line, token in offences(path.read_text()):
            print(f"{path}:{line}: {token} names a module: the core must not know it")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
