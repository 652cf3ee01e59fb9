"""A process with known sockets: a TCP listener, a connection that has carried data, a UDP socket.

Writes what it has to the file named by its argument, and holds it until it is killed.
"""

import json
import os
import socket
import sys
import time

listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
for _ in range(3):
    client.sendall(b"ping")
    server.recv(4)
    server.sendall(b"pong")
    client.recv(4)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))

name = lambda address: "%s:%d" % address
known = {
    "pid": os.getpid(),
    "process": open("/proc/self/comm").read().strip(),
    "listener": name(listener.getsockname()),
    "client": name(client.getsockname()),
    "udp": name(udp.getsockname()),
}
path = sys.argv[1]
with open(path + ".new", "w") as file:
    json.dump(known, file)
os.rename(path + ".new", path)
time.sleep(3600)
