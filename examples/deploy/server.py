"""Answers one request after another: a program that knows nothing of TLS. usage: server.py ENDPOINT"""
import sys

import zmq

context = zmq.Context()
socket = context.socket(zmq.REP)
socket.bind(sys.argv[1])
print("bound", socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
while True:
    socket.send_string("World for " + socket.recv_string())
