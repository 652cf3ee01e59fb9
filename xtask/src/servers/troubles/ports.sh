# Connections that are kept, until no port is left.
trouble() {
    sysctl -qw net.ipv4.ip_local_port_range="40000 40199"
    python3 - <<P &
import socket, time
server = socket.create_server(("127.0.0.1", 9000), backlog=300)
kept = []
try:
    while True:
        kept += [socket.create_connection(("127.0.0.1", 9000)), server.accept()[0]]
except OSError as error:
    print(error)
time.sleep(60)
P
}
