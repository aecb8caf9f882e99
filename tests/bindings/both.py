"""Runs the same programs on Debian's libzmq and on ours, and compares how they end.

A job is a name and a command. It passes when it exits with 0, is skipped with SKIPPED, and fails
otherwise: also when it is killed by a signal or outlives its time. No job that passes on Debian's
library may end otherwise on ours, except those that the caller lists with a reason."""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
BASELINE, OURS = "libzmq", "tenon"
# At most this many at a time: what is run here mostly waits.
WIDTH = 8


def environment(library, directory):
    """The environment in which programs find `library`; ours is in `directory`."""
    result = dict(os.environ, LC_ALL="C.UTF-8")
    result.pop("LD_LIBRARY_PATH", None)
    if library == OURS:
        result["LD_LIBRARY_PATH"] = directory
        result["FFI_CHECKLIB_PATH"] = directory  # where Perl looks first
    return result


def need(what, is_there):
    """Ends this script as skipped when something is missing; in scripts/test, as failed."""
    if is_there:
        return
    print(f"{what} is missing")
    sys.exit(1 if os.environ.get("TENON_TEST_NEEDS_ALL") else SKIPPED)


def need_programs(*names):
    for name in names:
        need(f"the program '{name}'", shutil.which(name))


def need_files(*paths):
    for path in paths:
        need(path, os.path.exists(path))


class Result:
    def __init__(self, outcome, text):
        self.outcome = outcome
        self.text = text


def run(command, library, directory, limit):
    """One command in a folder of its own, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="tenon-") as folder:
        os.makedirs(f"{folder}/src/selftest-rw")
        process = subprocess.Popen(
            command, cwd=folder, env=environment(library, directory), text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        try:
            text = process.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            text = process.communicate()[0]
            return Result("hang", text)
    if process.returncode < 0:
        return Result("crash", f"{text}\nsignal {-process.returncode}")
    outcome = {0: "pass", SKIPPED: "skip"}.get(process.returncode, "fail")
    return Result(outcome, text)


def check_library(command, directory):
    """`command` prints /proc/self/maps: whether the right library is in each."""
    for library in (BASELINE, OURS):
        result = run(command, library, directory, 60)
        found = set(re.findall(r"/.*/libzmq\.so\S*", result.text))
        ours = {path for path in found if path.startswith(os.path.realpath(directory))}
        if not found or ours != (found if library == OURS else set()):
            print(f"{' '.join(command)} on {library} has loaded {found or result.text}")
            sys.exit(1)


def compare(outcomes, allowed):
    """`outcomes[library][job]` are Results. Prints a summary and what differs; the number of jobs that
    are worse on ours. `allowed[job]` is why one may be worse."""
    worse = 0
    for library in (BASELINE, OURS):
        found = [result.outcome for result in outcomes[library].values()]
        counts = {outcome: found.count(outcome) for outcome in sorted(set(found))}
        print(f"{library:7}", ", ".join(f"{n} {outcome}" for outcome, n in counts.items()))
    for job, before in outcomes[BASELINE].items():
        if before.outcome not in ("pass", "skip"):
            print(f"{job}: {before.outcome} on libzmq")
        after = outcomes[OURS].get(job, Result("missing", ""))
        if before.outcome == after.outcome:
            continue
        print(f"{job}: {before.outcome} on libzmq, {after.outcome} on ours", end="")
        if after.outcome == "pass" or before.outcome not in ("pass", "skip"):
            print()
        elif job in allowed:
            print(f" (known: {allowed[job]})")
        else:
            print()
            print("".join(f"    | {line}\n" for line in after.text.splitlines()[-60:]), end="")
            worse += 1
    for job in allowed:
        if outcomes[OURS].get(job, Result("missing", "")).outcome == "pass":
            print(f"{job} passes on ours: it need not be listed as known")
            worse += 1
    return worse


def run_jobs(jobs, directory, limit):
    """`jobs[name]` is a command. Those that fail are run once more, alone, and that counts: a machine
    that does many things at once is late."""
    outcomes = {BASELINE: {}, OURS: {}}
    with concurrent.futures.ThreadPoolExecutor(WIDTH) as pool:
        futures = {(library, name): pool.submit(run, command, library, directory, limit)
                   for library in outcomes for name, command in jobs.items()}
        for (library, name), future in futures.items():
            outcomes[library][name] = future.result()
    for library, results in outcomes.items():
        for name, result in results.items():
            if result.outcome not in ("pass", "skip"):
                print(f"{name} on {library}: {result.outcome}, once more")
                results[name] = run(jobs[name], library, directory, limit)
    return outcomes


def main(jobs, directory, limit=60, allowed=None):
    outcomes = run_jobs(jobs, directory, limit)
    passed = [r for r in outcomes[BASELINE].values() if r.outcome == "pass"]
    worse = compare(outcomes, allowed or {})
    if not passed:
        print("nothing passes on libzmq: this run proves nothing")
    sys.exit(1 if worse or not passed else 0)
