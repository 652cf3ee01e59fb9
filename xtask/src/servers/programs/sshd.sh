# Sessions that come and go, one that copies, one that does nothing.
start() {
    ssh-keygen -q -t ed25519 -N '' -f key
    cp key.pub authorized
    mkdir -p /run/sshd
    /usr/sbin/sshd -D -p 2222 -h "$PWD/key" -o AuthorizedKeysFile="$PWD/authorized" -o StrictModes=no -o UsePAM=no \
        -o PermitRootLogin=yes -o PidFile=none &
    reach 2222
}
SSH="ssh -i key -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR 127.0.0.1"
load() {
    $SSH sleep 60 &
    head -c 2000000000 /dev/zero | $SSH 'cat > /dev/null' &
    while :; do $SSH true; done
}
