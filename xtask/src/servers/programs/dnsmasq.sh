start() {
    dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --port=5353 --address=/example/192.0.2.1 --user=root &
    reach 5353
    echo a.example A > names
}
load() {
    dnsperf -s 127.0.0.1 -p 5353 -d names -l 60 -c 4 -Q 2000 &
    dnsperf -m tcp -s 127.0.0.1 -p 5353 -d names -l 60 -c 4 -Q 200
}
