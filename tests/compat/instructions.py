"""Counts the instructions that the drop-in adds to a call of the native interface, with callgrind, which
gives the same number every time. Usage: instructions.py VALGRIND CALLS (the program of calls.c)."""

import re
import subprocess
import sys

MOST = 40  # for each call
COUNT = 2000
CALLS = {"buffers": 2, "messages": 5}  # in one exchange


def cost(valgrind, calls, way):
    """Instructions of one exchange: those within the function of that name."""
    run = subprocess.run(
        [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null",
         f"--toggle-collect={way.replace('-', '_')}", calls, way, str(COUNT)],
        capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found or int(found.group(1)) < COUNT:
        sys.exit(f"{way}: {run.stderr}")
    return int(found.group(1)) / COUNT


def main():
    valgrind, calls = sys.argv[1:]
    worst = 0
    for kind, count in CALLS.items():
        native = cost(valgrind, calls, f"native-{kind}")
        ours = cost(valgrind, calls, f"zmq-{kind}")
        more = (ours - native) / count
        worst = max(worst, more)
        print(f"{kind}: native {native:.0f}, drop-in {ours:.0f}, {more:.1f} more for each of {count} calls")
    if worst > MOST:
        sys.exit(f"the drop-in adds {worst:.1f} instructions to a call, {MOST} are allowed")


main()
