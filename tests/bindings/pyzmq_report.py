"""A pytest plugin: writes one line per event, "start NODE", "pass NODE", ..., to the file that
PYZMQ_REPORT names, so that whoever reads it knows what was running when the process died."""

import os

report_file = open(os.environ["PYZMQ_REPORT"], "a", buffering=1, encoding="utf-8")
outcomes = {}


def pytest_runtest_logstart(nodeid, location):
    outcomes[nodeid] = "pass"
    print("start", nodeid, file=report_file)


def pytest_runtest_logreport(report):
    if report.failed:
        outcomes[report.nodeid] = "fail"
    elif report.skipped and outcomes[report.nodeid] == "pass":
        outcomes[report.nodeid] = "skip"


def pytest_runtest_logfinish(nodeid, location):
    print(outcomes[nodeid], nodeid, file=report_file)
