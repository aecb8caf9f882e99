"""The peers of scripts/demo that are not Tenon's: python3-zmq, on Debian's libzmq.

usage: demo_peer.py worker ENDPOINT | client ENDPOINT REQUEST... |
                    subscriber ENDPOINT PREFIX COUNT | counter JOBS RESULTS
"""

import sys

import zmq

WAIT_MS = 5000


def open_socket(kind, endpoint):
    socket = zmq.Context.instance().socket(kind)
    socket.rcvtimeo = WAIT_MS
    socket.linger = WAIT_MS
    socket.connect(endpoint)
    return socket


def worker(endpoint):
    socket = open_socket(zmq.REP, endpoint)
    socket.rcvtimeo = -1
    while True:
        socket.send_string("PYTHON WORKER: " + socket.recv_string().upper())


def client(endpoint, *requests):
    socket = open_socket(zmq.REQ, endpoint)
    for request in requests:
        socket.send_string(request)
        print(f"libzmq {zmq.zmq_version()} got: {socket.recv_string().strip()}")


def subscriber(endpoint, prefix, count):
    socket = open_socket(zmq.SUB, endpoint)
    socket.subscribe(prefix)
    for _ in range(int(count)):
        print(f"libzmq {zmq.zmq_version()} got: {socket.recv_string()}")


def counter(jobs, results):
    source = open_socket(zmq.PULL, jobs)
    sink = open_socket(zmq.PUSH, results)
    while True:
        name = source.recv_string()
        with open(name, "rb") as file:
            sink.send_string(f"{sum(1 for _ in file)} {name}")


try:
    {f.__name__: f for f in (worker, client, subscriber, counter)}[sys.argv[1]](*sys.argv[2:])
except zmq.Again:
    sys.exit(f"demo_peer.py {sys.argv[1]}: no message within {WAIT_MS} ms")
except KeyboardInterrupt:
    pass
