#!/bin/bash
# Runs a Windows program under Wine: wine.sh ROOT PROGRAM [ARGUMENTS]. It has network (loopback alone), processes, mounts
# and /tmp of its own, and sees this machine's files at Z:\host. `wine.sh ROOT --new` makes Wine's own files anew.
set -euo pipefail
root=$1 program=$2
shift 2
if [ "$program" = --new ]; then rm -rf "$root/root/.wine"; else program=/host$(readlink -f "$program"); fi

exec unshare --mount --net --pid --fork --kill-child sh -c '
    root=$1 program=$2 folder=$3
    shift 3
    mount --make-rprivate /
    mkdir -p "$root/host"
    mount --rbind / "$root/host"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    ip link set lo up
    exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/bin:/bin WINEDEBUG=-all RUST_BACKTRACE=1 \
        WINEDLLOVERRIDES="mscoree,mshtml=;winemenubuilder.exe=d;iphlpapi=n,b" sh -c "
            cd \"/host\$0\"
            wine=/usr/lib/wine/wine64
            if [ \"\$1\" = --new ]; then
                timeout 300 \$wine wineboot -i
                timeout 60 \$wine net start nsiproxy
                exec timeout 60 /usr/lib/wine/wineserver64 -w
            fi
            # IP Helper asks this driver, which the first questions would not wait for.
            timeout 60 \$wine net start nsiproxy >/dev/null 2>&1
            exec timeout 600 \$wine \"\$@\"
        " "$folder" "$program" "$@"
' sh "$root" "$program" "$PWD" "$@"
