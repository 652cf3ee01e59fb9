start() {
    head -c 20000 /dev/zero > page
    cat > nginx.conf <<C
user root; daemon off; pid nginx.pid; error_log nginx.log; worker_processes 3; events { worker_connections 512; }
http { access_log off; keepalive_timeout 30; server { listen 8080 reuseport backlog=${BACKLOG:-511}; root $PWD; } }
C
    nginx -p "$PWD" -e nginx.log -c "$PWD/nginx.conf" &
    SERVER=$!
    reach 8080
}
load() { wrk -t 1 -c 32 -d 60 http://127.0.0.1:8080/page; }
