# A server that never closes.
trouble() {
    python3 - <<P &
import socket, time
server = socket.create_server(("127.0.0.1", 9000))
kept = []
while True:
    client = socket.create_connection(("127.0.0.1", 9000))
    kept.append(server.accept()[0])
    client.close()
    time.sleep(.1)
P
}
