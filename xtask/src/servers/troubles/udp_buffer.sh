# A server of datagrams that does not read.
trouble() {
    python3 - <<P &
import socket, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 9000))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    client.sendto(b"x" * 1000, ("127.0.0.1", 9000))
    time.sleep(.002)
P
}
