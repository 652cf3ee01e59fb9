"""Every TCP socket as psutil tells it, a line each: addresses, state, process."""
import sys

import psutil

names = {}
lines = []
for socket in psutil.net_connections(kind="tcp"):
    if socket.pid is not None and socket.pid not in names:
        try:
            names[socket.pid] = psutil.Process(socket.pid).name()
        except psutil.NoSuchProcess:
            names[socket.pid] = "-"
    lines.append(f"{socket.status} {socket.laddr} {socket.raddr} {socket.pid} {names.get(socket.pid)}\n")
sys.stdout.writelines(lines)
