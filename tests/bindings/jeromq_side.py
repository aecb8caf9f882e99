"""One side of the conversations with JeroMQ: jeromq_side.py JAVA_COMMAND...

Prints "pass NAME" or "fail NAME why" for each. The sockets here are python3-zmq's, over whichever
library it finds; JeroPeer.java is the other side and describes the roles."""

import select
import subprocess
import sys
import time

import zmq

LIMIT = 5000
SIZES = [0, 1, 33, 254, 255, 256, 8191, 8192, 70000]
# (our type, our role, its type, its role)
PAIRS = [
    ("REQ", "ask", "REP", "answer"), ("REP", "answer", "REQ", "ask"),
    ("REQ", "ask", "ROUTER", "answer"), ("ROUTER", "answer", "REQ", "ask"),
    ("DEALER", "ask", "REP", "answer"), ("REP", "answer", "DEALER", "ask"),
    ("DEALER", "ask", "ROUTER", "answer"), ("ROUTER", "answer", "DEALER", "ask"),
    ("ROUTER", "ask", "DEALER", "answer"), ("ROUTER", "ask", "ROUTER", "answer"),
    ("DEALER", "ask", "DEALER", "answer"), ("DEALER", "answer", "DEALER", "ask"),
    ("PAIR", "ask", "PAIR", "answer"), ("PAIR", "answer", "PAIR", "ask"),
    ("PUSH", "send", "PULL", "receive"), ("PULL", "receive", "PUSH", "send"),
    ("PUB", "publish", "SUB", "receive"), ("SUB", "receive", "PUB", "publish"),
    ("PUB", "publish", "XSUB", "receive"), ("XSUB", "receive", "PUB", "publish"),
    ("XPUB", "publish", "SUB", "receive"), ("SUB", "receive", "XPUB", "publish"),
    ("XPUB", "publish", "XSUB", "receive"), ("XSUB", "receive", "XPUB", "publish"),
]


def messages():
    for i, size in enumerate(SIZES):
        body = bytes([ord("a") + i]) * size
        yield [b"topic", body]
        yield [b"topic", body, b"", body]


class Java:
    def __init__(self, command):
        self.process = subprocess.Popen(command, text=True, bufsize=1, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.expect("READY")

    def say(self, *words):
        print(*words, file=self.process.stdin, flush=True)

    def expect(self, word):
        line = self.process.stdout.readline().strip()
        if line.split(" ")[0] != word:
            raise RuntimeError(f"JeroMQ: {line or 'has died'}")
        return line.split(" ")[1:]


def want(wanted, got):
    if wanted != got:
        raise RuntimeError(f"{len(got)} frames, not the {len(wanted)} wanted")


def ask(socket, kind):
    envelope = {"DEALER": [b""], "ROUTER": [b"java", b""]}.get(kind, [])
    deadline = time.monotonic() + LIMIT / 1000
    for message in messages():
        while True:
            try:
                socket.send_multipart(envelope + message)
                break
            except zmq.ZMQError as error:
                # A ROUTER knows its peer only after the handshake.
                if error.errno != zmq.EHOSTUNREACH or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        want(envelope + message, socket.recv_multipart())


def converse(socket, kind, role):
    if role == "ask":
        ask(socket, kind)
    elif role == "answer":
        for _ in messages():
            socket.send_multipart(socket.recv_multipart())
    elif role == "send":
        for message in messages():
            socket.send_multipart(message)
    elif role == "receive":
        first, *others = messages()
        while socket.recv_multipart() != first:
            continue
        for message in others:
            want(message, socket.recv_multipart())


def publish(socket, java):
    """Until the other side has everything or gives up."""
    while not select.select([java.process.stdout], [], [], 0)[0]:
        for message in messages():
            socket.send_multipart(message)
        time.sleep(0.02)


def open_socket(context, kind):
    socket = context.socket(getattr(zmq, kind))
    socket.linger = socket.rcvtimeo = socket.sndtimeo = LIMIT
    if kind == "ROUTER":
        socket.router_mandatory = 1
    return socket


def talk(context, java, pair, is_bound_here):
    kind, role, its_kind, its_role = pair
    with open_socket(context, kind) as socket:
        if is_bound_here:
            port = socket.bind_to_random_port("tcp://127.0.0.1")
            java.say("connect", its_kind, its_role, port)
        else:
            java.say("bind", its_kind, its_role)
            port, = java.expect("PORT")
            socket.connect(f"tcp://127.0.0.1:{port}")
        if kind == "SUB":
            socket.subscribe(b"topic")
        if kind == "XSUB":
            socket.send(b"\1topic")
        problem = None
        try:
            if role == "publish":
                publish(socket, java)
            else:
                converse(socket, kind, role)
        except (zmq.ZMQError, RuntimeError) as error:
            problem = error
        if its_role == "publish":
            java.say("stop")
        java.expect("OK")
        if problem:
            raise problem


def main():
    java = Java(sys.argv[1:])
    context = zmq.Context()
    for pair in PAIRS:
        for is_bound_here in (True, False):
            name = "{} {}, its {} {}".format(*pair) + ("" if is_bound_here else "; it binds")
            try:
                talk(context, java, pair, is_bound_here)
                print("pass", name, sep="\t", flush=True)
            except (zmq.ZMQError, RuntimeError) as error:
                print("fail", name, repr(error), sep="\t", flush=True)
    java.process.stdin.close()
    context.term()


main()
