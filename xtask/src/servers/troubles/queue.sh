# Half a second of queue at a router: its link onwards is slow.
trouble() {
    local router far
    unshare --net sleep 600 & router=$!
    unshare --net sleep 600 & far=$!
    sleep 1
    ip link add near0 type veth peer name near1 netns $router
    nsenter -t $router -n ip link add far0 type veth peer name far1 netns $far
    ip addr add 10.0.1.1/24 dev near0 && ip link set near0 up && ip route add 10.0.2.0/24 via 10.0.1.2
    nsenter -t $router -n sh -c 'ip addr add 10.0.1.2/24 dev near1 && ip addr add 10.0.2.2/24 dev far0 &&
        ip link set near1 up && ip link set far0 up && sysctl -qw net.ipv4.ip_forward=1 &&
        tc qdisc add dev far0 root tbf rate 20mbit burst 20k latency 500ms'
    nsenter -t $far -n sh -c 'ip addr add 10.0.2.1/24 dev far1 && ip link set far1 up && ip route add default via 10.0.2.2'
    nsenter -t $far -n iperf3 -s &
    sleep 1
    iperf3 -c 10.0.2.1 -C cubic -t 60 &
    sleep 4
}
