"""A server that is started with its sockets, as systemd and inetd do it. usage: activation.py TENON"""

import os
import socket
import subprocess
import sys

tenon = sys.argv[1]


def listening():
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    return sock, "tcp://127.0.0.1:%d" % sock.getsockname()[1]


def serve(endpoint, passed, environment=None, count=1):
    """Starts a server whose descriptors from 3 on are `passed`."""
    pid = os.fork()
    if pid == 0:
        try:
            high = [os.dup(sock.fileno()) for sock in passed]
            high = [os.dup2(fd, 50 + i) for i, fd in enumerate(high)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
            os.closerange(3 + len(high), 100)
            env = dict(os.environ, LISTEN_PID=str(os.getpid()), **(environment or {}))
            os.execve(tenon, [tenon, "rep", "--bind", endpoint, "--reply", "World", "--count",
                              str(count), "--timeout", "20000"], env)
        finally:
            os._exit(99)
    return pid


def ask(endpoint, descriptors=()):
    answer = subprocess.run(
        [tenon, "req", "--connect", endpoint, "--data", "Hello", "--timeout", "20000"],
        stdout=subprocess.PIPE, check=True, text=True, pass_fds=descriptors)
    assert answer.stdout == "World\n", answer.stdout


def ended_well(pid):
    status = os.waitpid(pid, 0)[1]
    assert status == 0, status


# systemd, Accept=no: by number, and by name.
sock, endpoint = listening()
server = serve("fd://3", [sock], count=2)
ask(endpoint)
ask(endpoint)
ended_well(server)

other, _ = listening()
server = serve("fd://web", [other, sock], {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "other:web"})
ask(endpoint)
ended_well(server)

# Names are meant for one process alone.
stray = subprocess.run([tenon, "rep", "--bind", "fd://web"], stderr=subprocess.PIPE, text=True,
                       env=dict(os.environ, LISTEN_PID="1", LISTEN_FDS="2",
                                LISTEN_FDNAMES="other:web"))
assert stray.returncode == 1 and "LISTEN_FDNAMES" in stray.stderr, stray

# inetd, or Accept=yes: the connection itself, at both ends.
ours, theirs = socket.socketpair()
server = serve("fd://3", [theirs])
theirs.close()
ask("fd://%d" % ours.fileno(), (ours.fileno(),))
ours.close()
ended_well(server)
