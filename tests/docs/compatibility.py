"""Whether docs/compatibility.md knows every function and option of zmq.h, and only tests that exist.

Usage: compatibility.py ZMQ_H PAGE BUILD_DIRECTORY"""

import glob
import json
import os
import re
import subprocess
import sys

header, page, build = sys.argv[1:]
with open(header) as text:
    lines = text.read()
functions = set(re.findall(r"^ZMQ_EXPORT [^;]*?\b(zmq_\w+)\(", lines, re.MULTILINE))


def options(first, last):
    part = lines[lines.index(f"#define {first} "):]
    return set(re.findall(r"^#define (ZMQ_\w+) \d+", part[:part.index(f"#define {last} ") + 80],
                          re.MULTILINE))


wanted = functions | options("ZMQ_IO_THREADS", "ZMQ_THREAD_NAME_PREFIX")
wanted |= options("ZMQ_PAIR", "ZMQ_STREAM") | options("ZMQ_SERVER", "ZMQ_CHANNEL")
wanted |= options("ZMQ_AFFINITY", "ZMQ_BINDTODEVICE") | {"ZMQ_ZERO_COPY_RECV"}
wanted |= options("ZMQ_ZAP_ENFORCE_DOMAIN", "ZMQ_NORM_PUSH")
wanted = {name for name in wanted if not name.endswith("_DFLT")}

rows = []
with open(page) as text:
    for line in text:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) >= 2:
            rows.append(cells)
named = [name for cells in rows for name in re.findall(r"`(zmq_\w+|ZMQ_\w+)`", cells[0])]
listing = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
tests = {test["name"] for test in json.loads(listing)["tests"]}
# Those that this build leaves out for lack of a package.
for path in glob.glob(f"{os.path.dirname(page)}/../tests/*/CMakeLists.txt"):
    with open(path) as text:
        tests |= set(re.findall(r"(?:binding_test\(|add_test\(NAME )(\w+)", text.read()))
cited = {name for cells in rows for name in re.findall(r"`([a-z]\w+)`", cells[-1])
         if len(cells) == 3}

problems = [f"{name} is not in the page" for name in sorted(wanted - set(named))]
problems += [f"{name} is no function or option of zmq.h"
             for name in sorted(set(named) - wanted - tests)]
# Of contexts and of sockets.
problems += [f"{name} stands there twice"
             for name in sorted(set(named) - {"ZMQ_IPV6"}) if named.count(name) > 1]
problems += [f"{name} is no test" for name in sorted(cited - tests)]
if len(functions) < 90 or len(wanted) < 200 or len(cited) < 15:
    problems.append(f"{len(functions)} functions, {len(wanted)} names, {len(cited)} tests: too few")
print("\n".join(problems) or f"{len(wanted)} names and {len(cited)} tests")
sys.exit(1 if problems else 0)
