start() {
    redis-server --port 6379 --save '' --unixsocket "$PWD/redis.sock" &
    reach 6379
}
load() {
    redis-benchmark -q -l -c 20 -t set,get,lrange_100 &
    redis-benchmark -q -l -c 20 -P 16 -s "$PWD/redis.sock" -t get
}
