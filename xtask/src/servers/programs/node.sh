start() {
    node -e 'require("http").createServer((_, to) => to.end("x".repeat(5000))).listen(8080)' &
    reach 8080
}
load() { wrk -t 1 -c 32 -d 60 http://127.0.0.1:8080/; }
