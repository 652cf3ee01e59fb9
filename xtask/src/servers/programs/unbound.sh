start() {
    cat > unbound.conf <<C
server:
    interface: 127.0.0.1@5353
    num-threads: 2
    so-reuseport: yes
    username: ""
    chroot: ""
    directory: "$PWD"
    pidfile: "$PWD/unbound.pid"
    use-syslog: no
    local-zone: "example" static
    local-data: "a.example A 192.0.2.1"
C
    unbound -d -c unbound.conf &
    reach 5353
    echo a.example A > names
}
load() {
    dnsperf -s 127.0.0.1 -p 5353 -d names -l 60 -c 4 -Q 5000 &
    dnsperf -m tcp -s 127.0.0.1 -p 5353 -d names -l 60 -c 4 -Q 200
}
