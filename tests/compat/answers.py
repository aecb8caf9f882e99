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

# (options, of what lines, why)
RULES = [
    ({97, 110, 111, 112, 113, 114, 115, 116}, ".*", LATER),
    ({62, 63, 64, 65, 90, 91}, ".*", GSSAPI),
    ({45, 46, 55, 68, 92, 99, 100}, r"set \d+ -?\d+ of", ENDS),
    ({35, 36, 37, 57}, r"set", RANGE),
    ({22}, r"set 22 -\d+ of 8", "less than -1 is no size"),
]


def answers(program, directory):
    environment = dict(os.environ, LD_LIBRARY_PATH=directory)
    return subprocess.run([program], env=environment, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.splitlines()


def rule_for(line):
    what = re.match(r"(?:type \d+ )?((?:context )?(?:get|set) (\d+).*)", line)
    for rule in RULES:
        if int(what[2]) in rule[0] and re.match(rule[1], what[1]):
            return rule[2]
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
