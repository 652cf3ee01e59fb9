# A peer that is gone without a word, while data is on its way to it.
trouble() {
    python3 - <<P &
import socket, subprocess, time
server = socket.create_server(("127.0.0.1", 9000))
client = socket.create_connection(("127.0.0.1", 9000))
subprocess.run(["nft", "add table ip t; add chain ip t in { type filter hook input priority 0; }; "
                       "add rule ip t in tcp dport 9000 drop"], check=True)
client.send(b"hello")
time.sleep(60)
P
    sleep 4
}
