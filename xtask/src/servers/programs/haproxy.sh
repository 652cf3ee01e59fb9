# Checks that only knock, at two servers of a third program.
start() {
    . "$PROGRAMS/nginx.sh"
    start
    cat > haproxy.cfg <<C
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:8090
    default_backend back
backend back
    server one 127.0.0.1:8080 check inter 100ms
    server two 127.0.0.2:8080 check inter 100ms
C
    haproxy -db -f haproxy.cfg &
    reach 8090
}
load() { wrk -t 1 -c 32 -d 60 http://127.0.0.1:8090/page; }
