# The same by programs that call bind before connect, to several servers.
trouble() {
    sysctl -qw net.ipv4.ip_local_port_range="40000 40199"
    python3 - <<P &
import socket, time
servers = [socket.create_server(("127.0.0.1", port), backlog=300) for port in (9000, 9001, 9002)]
kept = []
try:
    while True:
        for server in servers:
            client = socket.socket()
            client.bind(("127.0.0.1", 0))
            client.connect(server.getsockname())
            kept += [client, server.accept()[0]]
except OSError as error:
    print(error)
time.sleep(60)
P
}
