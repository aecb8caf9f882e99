"""Perl's ZMQ::FFI, Debian's libzmq-ffi-perl, on both libraries. Usage: perl.py DIRECTORY"""

import os
import subprocess
import sys

import both

directory = sys.argv[1]
script = f"{os.path.dirname(os.path.abspath(__file__))}/ffi.pl"
both.need_programs("perl")
both.need("libzmq-ffi-perl", subprocess.run(["perl", "-MZMQ::FFI", "-e", "1"]).returncode == 0)
both.check_library(["perl", script, "maps"], directory)
names = subprocess.run(["perl", script, "list"], check=True, text=True,
                       stdout=subprocess.PIPE).stdout.split()
both.main({name: ["perl", script, name] for name in names}, directory)
