"""Compiles and runs the code blocks of pages.

Usage: blocks.py --cc COMPILER --flags "..." --path DIRECTORY --env NAME=VALUE... PAGE...

The blocks of a page run from top to bottom in one empty directory:

  ```c            a program, compiled and run: it has to end well
  ```c FILE.c [-lX...]  a program, compiled as ./FILE; a later sh block has to run it
  ```python       run, with the drop-in as libzmq.so.5
  ```sh           run by bash -e
  ```FORMAT FILE  written to FILE, for the blocks that follow
  ```text, ```declaration, ```output   not code

A block of another kind, or one that is only indented, is an error, so that none goes unseen. The network is the test's own where the system
allows that, so that a page may name ports as a reader would."""

import argparse
import ctypes
import fcntl
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile

SECONDS = int(os.environ.get("TENON_BLOCK_SECONDS", 60))
FENCE = re.compile(r"^```(\S+)?(?: (\S+))?((?: -l\S+)*)\n(.*?)^```$", re.M | re.S)


CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


class Failed(Exception):
    pass


def leave_network():
    """Into a network namespace with a loopback of its own; without the right to, this one has to do."""
    user, libc = os.geteuid(), ctypes.CDLL(None)
    if libc.unshare(CLONE_NEWNET):
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
            return
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{user} {user} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def run(command, directory, env):
    process = subprocess.Popen(command, cwd=directory, env=env, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"not done after {SECONDS} s: {shlex.join(command)}") from late
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    if process.returncode:
        raise Failed(f"status {process.returncode}: {shlex.join(command)}\n{output}")


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def compile_c(source, args, directory, env, libraries=""):
    program = os.path.splitext(source)[0]
    run([args.cc, "-Wall", "-Wextra", "-Werror", "-o", program, source, *shlex.split(args.flags + libraries)],
        directory, env)
    return program


def check_page(path, args, env):
    """Runs the page's blocks; returns how many there were."""
    with open(path, encoding="utf-8") as page:
        text = page.read()
    count, programs = 0, set()
    hidden = re.search(r"\n\n(?:    |\t)\S.*", FENCE.sub("", text))
    if hidden:
        raise Failed(f"{path}: an indented block, which nothing runs: {hidden[0].strip()}")
    with tempfile.TemporaryDirectory() as directory:
        for found in FENCE.finditer(text):
            kind, name, libraries, body = found.groups()
            line = text.count("\n", 0, found.start()) + 1
            if kind in ("text", "declaration", "output"):
                continue
            count += 1
            try:
                if name:
                    write(os.path.join(directory, name), body)
                    if name.endswith(".c"):
                        programs.add(compile_c(name, args, directory, env, libraries))
                elif kind == "c":
                    write(os.path.join(directory, "block.c"), body)
                    run(["./" + compile_c("block.c", args, directory, env)], directory, env)
                elif kind == "python":
                    run(["/usr/bin/python3", "-c", body], directory, env)
                elif kind == "sh":
                    run(["/bin/bash", "-e", "-o", "pipefail", "-c", body], directory, env)
                    programs = {each for each in programs if f"./{each}" not in body}
                else:
                    raise Failed(f"a block of kind {kind}: say text if it is no code")
            except Failed as failed:
                raise Failed(f"{path}:{line}: {failed}") from failed
    if programs:
        raise Failed(f"{path}: no sh block runs {', '.join(sorted(programs))}")
    return count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cc", required=True)
    parser.add_argument("--flags", default="")
    parser.add_argument("--path", required=True)
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("pages", nargs="+")
    args = parser.parse_args()
    env = dict(os.environ, PATH=f"{args.path}:{os.environ['PATH']}")
    env.update(pair.split("=", 1) for pair in args.env)
    leave_network()
    failures, blocks = 0, 0
    for page in args.pages:
        try:
            blocks += check_page(page, args, env)
        except Failed as failed:
            print(failed)
            failures += 1
    print(f"{len(args.pages)} pages, {blocks} blocks, {failures} pages failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
