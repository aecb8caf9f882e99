"""The examples of Ruby's ffi-rzmq, Debian's ruby-ffi-rzmq, on both libraries. Usage: ruby.py DIRECTORY"""

import os
import subprocess
import sys

import both

EXAMPLES = ["latency_measurement", "publish_subscribe", "reqrep_poll", "repreq_over_curve",
            "request_response", "throughput_measurement", "xreqxrep_poll", "local_lat remote_lat",
            "local_lat_poll"]

directory = sys.argv[1]
script = f"{os.path.dirname(os.path.abspath(__file__))}/examples.rb"
both.need_programs("ruby")
both.need("ruby-ffi-rzmq", subprocess.run(["ruby", "-e", "require 'ffi-rzmq'"]).returncode == 0)
both.need_files("/usr/share/doc/ruby-ffi-rzmq/examples/request_response.rb")
both.check_library(["ruby", script, "maps"], directory)
both.main({name: ["ruby", script, *name.split()] for name in EXAMPLES}, directory)
