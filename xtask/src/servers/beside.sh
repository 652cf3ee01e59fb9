# In namespaces of its own: a program under load, what is wrong beside it, and what doctor says of both.
# usage: beside.sh PROGRAM [TROUBLE]; takes PREE and FOR, leaves once.json, while.json and their codes here
set -e
HERE=$(dirname "$(readlink -f "$0")")
PROGRAMS=$HERE/programs
# Waits for a listener, a minute at most.
reach() {
    for _ in $(seq 600); do
        "$PREE" -Htuln "sport=$1" | grep -q . && return
        sleep .1
    done
    echo "nothing listens at $1" >&2
    exit 1
}
trap '[ $? = 0 ] || tail -n 3 start.log trouble.log load.log >&2' EXIT
touch start.log trouble.log load.log
ip link set lo up
. "$PROGRAMS/$1.sh"
[ -z "$2" ] || . "$HERE/troubles/$2.sh"
start > start.log 2>&1
load > load.log 2>&1 &
LOAD=$!
[ -z "$2" ] || trouble > trouble.log 2>&1
sleep 2
code=0; "$PREE" doctor --json > once.json || code=$?; echo "$code" > once.code
code=0; "$PREE" doctor --json --for "$FOR" > while.json || code=$?; echo "$code" > while.code
kill -0 $LOAD || { echo 'the load ended early' >&2; exit 1; }
