# A firewall that drops what is for one port.
trouble() {
    nft 'add table ip t; add chain ip t in { type filter hook input priority 0; }; add rule ip t in tcp dport 9000 drop'
    python3 -c 'import socket; socket.create_connection(("127.0.0.1", 9000), 60)' &
    sleep 4
}
