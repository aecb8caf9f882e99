"""Compares the page of a command with what the command says about itself.

usage: help.py PAGE PROGRAM

Every option of `PROGRAM --help`, and of `PROGRAM COMMAND --help` for each command that `PROGRAM help` lists, has
an entry in the page, and the page has no other; every command is named there, and every family of cases that
`PROGRAM --list` prints.
"""
import re
import subprocess
import sys


def said(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
    return done.stdout


def options(text):
    """Of lines that begin with one, "  -b, --bind ENDPOINT" or "      --topic TEXT"."""
    return set(re.findall(r"^ {2,6}(?:-\w, )?(--[a-z][a-z-]*)", text, re.M))


def main():
    page, program = sys.argv[1:3]
    with open(page, encoding="utf-8") as file:
        text = file.read()
    helped = said(program, "--help")
    wanted, names = options(helped), []
    if "COMMAND" in helped:
        names = re.findall(r"^  ([a-z]+)  +|(?<=  )([a-z]+)  +[a-z]", helped, re.M)
        names = sorted({first or second for first, second in names} - {"help"})
        for name in names:
            wanted |= options(said(program, name, "--help"))
    if "--list" in wanted and not names:
        names = sorted({case.split("/")[0] for case in said(program, "--list").split()})
    entries = "\n".join(re.findall(r"^\*\*-.*$", text, re.M))
    found = set(re.findall(r"\*\*(--[a-z][a-z-]*)\*\*", entries))
    problems = [f"{option} has no entry in the page" for option in sorted(wanted - found)]
    problems += [f"{option} is in the page and in no --help" for option in sorted(found - wanted)]
    problems += [f"`{name}` is not in the page" for name in names
                 if not re.search(rf"(\*\*{name}[*/]|`(tenon )?{name}`)", text)]
    if not wanted:
        problems.append("no option was found in --help")
    for problem in problems:
        print(f"{page}: {problem}")
    print(f"{len(wanted)} options, {len(names)} names, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
