"""The tests that Debian's python3-zmq ships, on both libraries.

Usage: pyzmq.py DIRECTORY [WORD]...   only the tests whose names have one of the words

Each class of tests is a process. One that hangs or dies costs its own test alone: the rest of the
class is run in another process."""

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time

import both

TEST_SECONDS = 40
# Tests that may end worse on ours, and why.
NOT_COMPILED = "asks the library for the draft interface, which this pyzmq was compiled without"
KNOWN = {
    "test_draft.py::TestDraftSockets::test_client_server": NOT_COMPILED,
    "test_draft.py::TestDraftSockets::test_radio_dish": NOT_COMPILED,
}

here = os.path.dirname(os.path.abspath(__file__))
pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short",
          "-p", "pyzmq_report"]


def tests_folder():
    probe = subprocess.run(
        [sys.executable, "-c", "import zmq, pytest, pytest_asyncio, tornado, gevent; "
         "print(zmq.__path__[0])"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    both.need("python3-zmq, -pytest, -pytest-asyncio, -tornado or -gevent:\n" + probe.stderr,
              probe.returncode == 0)
    folder = f"{probe.stdout.strip()}/tests"
    both.need_files(folder)
    return folder


def pytest_environment(library, directory, report):
    environment = both.environment(library, directory)
    environment.update(PYTHONPATH=here, PYTHONDONTWRITEBYTECODE="1", PYZMQ_REPORT=report)
    return environment


def collect(folder, directory):
    """Node ids, grouped by class."""
    listing = subprocess.run([*pytest, "--collect-only", folder], cwd=folder, text=True,
                             env=pytest_environment(both.BASELINE, directory, os.devnull),
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    groups = {}
    for node in re.findall(r"^(\S+\.py::.*)$", listing, re.MULTILINE):
        groups.setdefault(node.rpartition("::")[0], []).append(node)
    return groups


def read_report(path):
    with open(path, encoding="utf-8") as report:
        return [line.rstrip("\n").split(" ", 1) for line in report]


def watch(process, path):
    """Ends the process when one test takes too long; whether it did."""
    lines, since = -1, time.monotonic()
    while True:
        try:
            process.wait(0.1)
            return False
        except subprocess.TimeoutExpired:
            now = len(read_report(path))
            if now != lines:
                lines, since = now, time.monotonic()
            elif time.monotonic() - since > TEST_SECONDS:
                os.killpg(process.pid, 9)
                process.wait()
                return True


def run_once(nodes, library, directory, folder, results):
    """Runs tests in one process until it ends, and adds what it reported to `results`."""
    with tempfile.TemporaryDirectory(prefix="tenon-") as scratch:
        path, output = f"{scratch}/report", f"{scratch}/output"
        open(path, "w").close()
        with open(output, "w") as out:
            # As the current folder, for the node ids are relative to it.
            process = subprocess.Popen(
                [*pytest, f"--basetemp={scratch}/tmp", *nodes], cwd=folder, stdout=out,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                env=pytest_environment(library, directory, path))
            is_hung = watch(process, path)
        with open(output, errors="replace") as out:
            text = out.read()
        running = None
        for what, node in read_report(path):
            running = node if what == "start" else None
            if what != "start":
                results[node] = both.Result(what, text if what == "fail" else "")
        if running:
            outcome = "hang" if is_hung else "crash"
            results[running] = both.Result(outcome, f"{text}\nstatus {process.returncode}")


def run_group(nodes, library, directory, folder):
    results = {}
    while True:
        left = [node for node in nodes if node not in results]
        if not left:
            return results
        run_once(left, library, directory, folder, results)
        if all(node not in results for node in left):
            for node in left:
                results[node] = both.Result("missing", "pytest did not run it")


def run_all(groups, directory, folder):
    outcomes = {both.BASELINE: {}, both.OURS: {}}
    with concurrent.futures.ThreadPoolExecutor(both.WIDTH) as pool:
        futures = [(library, pool.submit(run_group, nodes, library, directory, folder))
                   for nodes in groups for library in outcomes]
        for library, future in futures:
            outcomes[library].update(future.result())
    for library, results in outcomes.items():
        for node, result in list(results.items()):
            if result.outcome not in ("pass", "skip"):
                # Alone, for a machine that does many things at once is late.
                results.update(run_group([node], library, directory, folder))
    return outcomes


def main(directory, words):
    folder = tests_folder()
    both.check_library([sys.executable, "-c", "import zmq; print(open('/proc/self/maps').read())"],
                       directory)
    groups = collect(folder, directory)
    chosen = [[node for node in nodes if not words or any(word in node for word in words)]
              for nodes in groups.values()]
    known = {} if words else KNOWN
    outcomes = run_all([nodes for nodes in chosen if nodes], directory, folder)
    worse = both.compare(outcomes, known)
    passed = [r for r in outcomes[both.BASELINE].values() if r.outcome == "pass"]
    if not words and len(passed) < 300:
        print("so few tests pass on libzmq that this run proves nothing")
        worse += 1
    sys.exit(1 if worse else 0)


main(sys.argv[1], sys.argv[2:])
