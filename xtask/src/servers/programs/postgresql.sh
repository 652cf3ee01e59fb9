# Half of the clients through a pool.
start() {
    local bin user
    bin=$(dirname "$(readlink -f "$(command -v postgres || ls /usr/lib/postgresql/*/bin/postgres)")")
    user="setpriv --reuid=nobody --regid=nogroup --clear-groups"
    mkdir data && chown nobody data
    $user "$bin/initdb" -D data -A trust -U nobody --no-sync
    $user "$bin/postgres" -D "$PWD/data" -k "$PWD/data" -c fsync=off &
    reach 5432
    cat > pool.ini <<C
[databases]
postgres = host=127.0.0.1 port=5432
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = 6432
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
[users]
C
    sed -i 's/^postgres = .*/& user=nobody/' pool.ini
    $user pgbouncer pool.ini &
    reach 6432
    pgbench -i -q -h 127.0.0.1 -U nobody postgres
}
load() {
    pgbench -c 4 -T 60 -h 127.0.0.1 -U nobody postgres &
    pgbench -S -c 12 -T 60 -h 127.0.0.1 -p 6432 -U nobody postgres
}
