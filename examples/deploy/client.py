"""Asks once, and waits two seconds at most: a program that knows nothing of TLS. usage: client.py ENDPOINT"""
import sys

import zmq

context = zmq.Context()
socket = context.socket(zmq.REQ)
socket.linger = 0
socket.connect(sys.argv[1])
socket.send_string("Hello")
if not socket.poll(2000):
    sys.exit("no answer")
print(socket.recv_string())
