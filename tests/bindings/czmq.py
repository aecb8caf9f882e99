"""Every self-test that Debian's libczmq exports, on both libraries.

Usage: czmq.py DIRECTORY CZMQ_SELFTEST LIBCZMQ"""

import re
import subprocess
import sys

import both


def self_tests(library):
    symbols = subprocess.run(["nm", "-D", "--defined-only", library], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    return sorted(re.findall(r" T (z\w+_test)\b", symbols))


directory, program, libczmq = sys.argv[1:]
both.need_files(libczmq)
both.check_library([program, libczmq, "maps"], directory)
both.main({name: [program, libczmq, name] for name in self_tests(libczmq)}, directory)
