# A Unix listener that does not accept.
trouble() {
    python3 - <<P &
import socket, time
server = socket.socket(socket.AF_UNIX)
server.bind("full.sock")
server.listen(2)
kept = []
for _ in range(5):
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    try:
        client.connect("full.sock")
    except BlockingIOError:
        pass
    kept.append(client)
time.sleep(60)
P
}
