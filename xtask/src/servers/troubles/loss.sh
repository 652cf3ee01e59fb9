# A path that loses 3 of 100.
trouble() {
    ip link set lo mtu 1500
    nft 'add table ip t; add chain ip t in { type filter hook input priority 0; }
         add rule ip t in tcp dport 5201 numgen random mod 100 < 3 drop'
    iperf3 -s -p 5201 &
    reach 5201
    iperf3 -c 127.0.0.1 -p 5201 -b 20M -t 60 &
    sleep 5
}
