# The workers stop, and clients go on coming.
BACKLOG=8
trouble() {
    # The master listens before it has all of them.
    until [ "$(pgrep -c -P $SERVER)" = 3 ]; do sleep .1; done
    kill -STOP $(pgrep -P $SERVER)
    python3 - <<P &
import socket, time
kept = []
for _ in range(60):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", 8080))
    kept.append(client)
time.sleep(60)
P
}
