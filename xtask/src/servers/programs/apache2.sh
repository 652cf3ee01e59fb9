# AcceptFilter as it comes: TCP_DEFER_ACCEPT. Half of the clients keep their connections.
start() {
    echo page > page
    cat > apache.conf <<C
ServerRoot $PWD
ServerName localhost
PidFile apache.pid
ErrorLog apache.log
User nobody
$(for module in mpm_event authz_core; do echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"; done)
Listen 8080
DocumentRoot $PWD
C
    apache2 -D FOREGROUND -f "$PWD/apache.conf" &
    reach 8080
}
load() {
    ab -q -k -c 16 -t 60 -n 9999999 http://127.0.0.1:8080/page &
    while :; do ab -q -c 4 -n 200 http://127.0.0.1:8080/page; sleep 1; done
}
