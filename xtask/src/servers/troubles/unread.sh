# A peer that has stopped reading.
trouble() {
    python3 - <<P &
import socket
server = socket.create_server(("127.0.0.1", 9000))
client = socket.create_connection(("127.0.0.1", 9000))
kept = server.accept()
while True:
    client.send(b"x" * 10000)
P
    sleep 2
}
