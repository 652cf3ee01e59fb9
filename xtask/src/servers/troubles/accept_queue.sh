# The workers stop, and clients go on coming.
BACKLOG=8
trouble() {
    # The master listens before it has all of them.
    until [ "$(pgrep -c -P $SERVER)" = 3 ]; do sleep .1; done
    kill -STOP $(pgrep -P $SERVER)
    for _ in $(seq 3); do ab -q -s 60 -c 40 -n 40 http://127.0.0.1:8080/page & done
}
