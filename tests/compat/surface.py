#!/usr/bin/env python3
"""Compares our zmq.h and libzmq.so.5 with the system's.

usage: surface.py COMPILER OUR_HEADER OUR_LIBRARY SYSTEM_HEADER SYSTEM_LIBRARY

- Every prototype and function type of the system's header is declared once more after ours: the
  compiler refuses one that is not compatible.
- Every constant, and every size and offset of a structure, has the same value in both.
- Our library exports what the system's exports, everything that our header declares, and nothing else;
  its soname is the same. abidiff, where it is installed, finds nothing removed.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Ours is 4.3.5. There the last flag has a bit of its own; in 4.3.4 it was the two others together.
EXPECTED = {"ZMQ_VERSION_PATCH", "ZMQ_VERSION", "ZMQ_RECONNECT_STOP_AFTER_DISCONNECT"}
MEMBERS = {
    "zmq_msg_t": ["_"],
    "zmq_pollitem_t": ["socket", "fd", "events", "revents"],
    "zmq_poller_event_t": ["socket", "fd", "user_data", "events"],
}
failures = []


def fail(text):
    failures.append(text)


def run(*command, text=""):
    return subprocess.run(command, input=text, capture_output=True, text=True)


class Header:
    def __init__(self, compiler, path):
        self.compiler, self.path = compiler, path
        self.include = f'#define ZMQ_BUILD_DRAFT_API\n#include "{path}"\n'

    def preprocess(self, *flags, text=""):
        done = run(self.compiler, "-E", *flags, "-x", "c", "-", text=self.include + text)
        if done.returncode:
            sys.exit(done.stderr)
        return done.stdout

    def macros(self):
        """Names of constants that the header itself defines."""
        own = set(re.findall(r"^\s*#\s*define\s+(\w+)\b(?!\()", open(self.path).read(), re.M))
        present = set(re.findall(r"^#define (\w+)[ \n]", self.preprocess("-dM"), re.M))
        return {n for n in own & present if re.match(r"(ZMQ_|E[A-Z]+$)", n) and n != "ZMQ_EXPORT"}

    def statements(self):
        """The header's declarations of functions and function types, as the compiler sees them."""
        text = re.sub(r"__attribute__\s*\(\(.*?\)\)(?=\s*\w)", "", self.preprocess("-P"))
        found = {}
        for statement in text.replace("\n", " ").split(";"):
            match = re.search(r"\b(zmq_\w+)\s*\)?\s*\(", statement)
            if match and "{" not in statement and "}" not in statement:
                found[match[1]] = statement.strip() + ";"
        return found

    def values(self, names):
        """{name: text} of the constants, sizes and offsets, told by a compiled program."""
        lines = []
        for name in sorted(names):
            lines.append(f'#if defined {name}\n show("{name}", TEXT({name}), NUMBER({name}));\n#endif')
        for structure, members in MEMBERS.items():
            lines.append(f'show("{structure}", "", sizeof({structure}));')
            lines.append(f'show("align {structure}", "", _Alignof({structure}));')
            lines += [f'show("{structure}.{m}", "", offsetof({structure}, {m}));' for m in members]
        program = self.include + """
#include <stdio.h>
#include <stdlib.h>
#define STR(...) #__VA_ARGS__
#define TEXT(...) STR(__VA_ARGS__)
#define NUMBER(x) _Generic((1 ? (x + 0) : (x + 0)), char *: 0, const char *: 0, default: (x + 0))
static void show(const char *name, const char *text, long long number) {
    if (text[0] == '"') printf("%s=%s\\n", name, text); else printf("%s=%lld\\n", name, number);
}
int main(void) {
""" + "\n".join(lines) + "\nreturn 0; }\n"

        with tempfile.TemporaryDirectory() as scratch:
            binary = os.path.join(scratch, "values")
            done = run(self.compiler, "-w", "-x", "c", "-", "-o", binary, text=program)
            if done.returncode:
                sys.exit(done.stderr)
            return dict(line.split("=", 1) for line in run(binary).stdout.splitlines())


def compare_headers(ours, system):
    missing = system.macros() - ours.macros()
    if missing:
        fail(f"constants that ours lacks: {sorted(missing)}")
    # Without a value they only say that something is there.
    empty = set(re.findall(r"^#define (\w+) *$", system.preprocess("-dM"), re.M))
    names = system.macros() & ours.macros() - empty
    theirs, mine = system.values(names), ours.values(names)
    for name in sorted(theirs):
        if theirs[name] != mine.get(name) and name not in EXPECTED:
            fail(f"{name} is {theirs[name]} there, {mine.get(name)} here")
    print(f"{len(theirs)} values compared")

    declared = system.statements()
    for name in sorted(set(declared) - set(ours.statements())):
        fail(f"{name} is not declared here")
    again = "\n".join(declared.values())
    done = run(ours.compiler, "-std=gnu11", "-Werror", "-fsyntax-only", "-x", "c", "-",
               text=ours.include + again)
    if done.returncode:
        fail(f"prototypes differ:\n{done.stderr}")
    print(f"{len(declared)} prototypes compared")


def exports(library):
    out = run("nm", "-D", "--defined-only", library).stdout
    return {line.split()[2].split("@")[0] for line in out.splitlines()}


def soname(library):
    return re.search(r"SONAME.*\[(.*)\]", run("readelf", "-d", library).stdout)[1]


def compare_libraries(ours, system, header):
    mine, theirs = exports(ours), exports(system)
    declared = {n for n, text in header.statements().items() if not text.startswith("typedef")}
    for name in sorted(theirs - mine):
        fail(f"{name} is not exported")
    for name in sorted(declared - mine):
        fail(f"{name} is declared and not exported")
    for name in sorted(mine - declared):
        fail(f"{name} is exported and not declared")
    if soname(ours) != soname(system):
        fail(f"the soname is {soname(ours)}, not {soname(system)}")
    print(f"{len(theirs)} exported functions compared")
    if shutil.which("abidiff"):
        done = run("abidiff", "--no-added-syms", system, ours)
        if done.returncode:
            fail(f"abidiff:\n{done.stdout}")
        print("abidiff has compared")


def main():
    compiler, our_header, our_library, system_header, system_library = sys.argv[1:]
    ours = Header(compiler, our_header)
    compare_headers(ours, Header(compiler, system_header))
    compare_libraries(our_library, os.path.realpath(system_library), ours)
    for text in failures:
        print(f"surface: {text}", file=sys.stderr)
    sys.exit(1 if failures else 0)


main()
