start() {
    iperf3 -s -p 5201 &
    iperf3 -s -p 5202 &
    reach 5201
    reach 5202
}
load() {
    iperf3 -c 127.0.0.1 -p 5201 -P 4 -t 60 &
    iperf3 -c 127.0.0.1 -p 5202 -u -b 20M -t 60
}
