"""Compares what two libraries answer to getting and setting every option:

    answers.py PROGRAM DIRECTORY DIRECTORY

PROGRAM (print_answers.c) runs on the libzmq.so.5 of the first directory, the system's, and on that of
the second. Where they differ, a rule below must say why; a rule that nothing needs is too many."""

import os
import re
import subprocess
import sys

LATER = "libzmq 4.3.4 has it in its draft build alone"
GSSAPI = "there is no GSSAPI here"
ENDS = "a text ends at its first NUL"
RANGE = "what the system would refuse at the connect is refused at once"
ROUTER = "the manual gives it to ROUTER and its kin; libzmq's REP is one inside"
XPUB = "the manual gives it to XPUB; libzmq's PUB is one inside"

# (options, of what lines, why)
RULES = [
    ({97, 101, 102, 110, 111, 112, 113, 114, 115, 116}, "type", LATER),
    ({62, 63, 64, 65, 90, 91}, "type", GSSAPI),
    ({45, 46, 55, 68, 92, 99, 100}, r"type \d+ set \d+ (-?\d+|a key) of", ENDS),
    ({25, 35, 36, 37, 57, 84}, r"type \d+ set", RANGE),
    ({22}, r"type \d+ set 22 -\d+ of 8", "less than -1 is no size"),
    ({33, 41, 51, 56, 61}, r"type 4 set", ROUTER),
    ({71, 72, 98}, r"type 1 set", XPUB),
    ({68, 92}, r"type \d+ set \d+ text of 0", "an empty text with an address clears it as well"),
    ({61}, r"type (6|11) set 61 text of (256|300)", "a routing id has 255 bytes at most"),
    ({94}, r"type \d+ set", "it is of Windows, where alone it does something"),
    ({109}, r"type \d+ set", "a flag that does not exist is refused"),
    ({7}, r"context set 7 \d", "there are no processors of that number"),
]


def answers(program, directory):
    environment = dict(os.environ, LD_LIBRARY_PATH=directory)
    return subprocess.run([program], env=environment, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.splitlines()


def rule_for(line):
    option = int(re.match(r".*?(?:get|set) (\d+)", line)[1])
    for options, lines, why in RULES:
        if option in options and re.match(lines, line):
            return why
    return None


def main(program, system, drop_in):
    theirs, ours = answers(program, system), answers(program, drop_in)
    if len(theirs) != len(ours) or len(theirs) < 80000:
        sys.exit(f"{len(theirs)} answers of libzmq and {len(ours)} of ours")
    unexplained, used = {}, set()
    for their, our in zip(theirs, ours):
        if their == our:
            continue
        why = rule_for(their)
        used.add(why)
        if not why:
            option = re.match(r"(?:type \d+ )?(.*?... \d+)", their)[1]
            unexplained.setdefault(option, []).append((their, our))
    for option, lines in sorted(unexplained.items()):
        print(f"{option}: {len(lines)} answers differ, such as")
        print(f"  libzmq {lines[0][0]}\n  ours   {lines[0][1]}")
    unused = {rule[2] for rule in RULES} - used
    if unused:
        print("no answer differs because:", *unused, sep="\n  ")
    print(f"{len(theirs)} answers, {sum(map(len, unexplained.values()))} unexplained")
    sys.exit(1 if unexplained or unused else 0)


main(*sys.argv[1:])
