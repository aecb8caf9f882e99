"""C++ over Debian's zmq.hpp, on both libraries. Usage: cpp.py DIRECTORY CPPZMQ"""

import subprocess
import sys

import both

directory, program = sys.argv[1:]
both.check_library([program, "maps"], directory)
names = subprocess.run([program, "list"], check=True, text=True, stdout=subprocess.PIPE,
                       env=both.environment(both.BASELINE, directory)).stdout.split()
both.main({name: [program, name] for name in names}, directory)
