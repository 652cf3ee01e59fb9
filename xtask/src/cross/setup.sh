#!/bin/bash
# Makes what `cargo xtask cross` needs, in the folder $1 for the system $2 (windows or macos), on Debian 12 on x86-64 as
# root: compilers, and Wine to run programs for Windows. A step that was done before is left out, unless it or one before
# it has changed since. The machine's own packages stay as they are, but for debootstrap and python3-venv where they are
# absent.
set -euo pipefail
exec </dev/null
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

kit=${1:?the folder to make} system=${2:?windows or macos}
mkdir -p "$kit"/{done,compilers}
kit=$(cd "$kit" && pwd)
usr=$kit/compilers/usr

# Runs the function $1 with the other words, unless it and all before it were done with the same text.
text=
once() {
    local name=$1
    shift
    text+="$(declare -f "${name%%-*}") $*"
    [ "$(cat "$kit/done/$name" 2>/dev/null)" = "$text" ] && return
    echo "cross: $name"
    "${name%%-*}" "$@"
    printf '%s\n' "$text" >"$kit/done/$name"
}

# Debian's youngest Rust with the sources of its library, and the linker for Windows, unpacked and not installed.
compilers() {
    local folder=$kit/packages
    rm -rf "$kit/compilers" "$folder"
    mkdir -p "$folder"
    apt-get update -qq
    apt-get install --reinstall --no-install-recommends --print-uris -y -qq \
        rustc-web cargo-web libstd-rust-web-dev rust-web-src rust-web-clippy gcc-mingw-w64-x86-64-win32 |
        sed -n "s/^'\([^']*\)' .*/\1/p" >"$folder/list"
    (cd "$folder" && xargs -n1 -P4 curl -fsSLO <list)
    local package
    for package in "$folder"/*.deb; do dpkg -x "$package" "$kit/compilers"; done
    # rustc strips programs for macOS with LLVM's objcopy, under the name that it has in Rust's own distribution.
    local llvm
    llvm=$(LD_LIBRARY_PATH=$usr/lib/x86_64-linux-gnu "$usr/bin/rustc" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root "llvm-$llvm")
    dpkg -x "$folder/llvm-${llvm}_"*.deb "$kit/compilers"
    mkdir -p "$usr/lib/rustlib/x86_64-unknown-linux-gnu/bin"
    ln -sf "$usr/lib/llvm-$llvm/bin/llvm-objcopy" "$usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-objcopy"
    rm -rf "$folder"
    local linker
    linker=$(find "$usr/bin" -name 'x86_64-w64-mingw32-gcc-*-win32' -printf '%f\n' | grep -E 'gcc-[0-9]+-win32$' | head -1)
    ln -sf "$linker" "$usr/bin/x86_64-w64-mingw32-gcc"
}

# The linker and the headers for macOS.
zig() {
    python3 -m venv "$kit/python" 2>/dev/null || {
        apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        python3 -m venv "$kit/python"
    }
    "$kit/python/bin/pip" -q --disable-pip-version-check install ziglang==0.17.1 cargo-zigbuild==0.24.0
}

# Rust's library for the target $1, put where the compiler looks: builds need nothing unstable then. As in Rust's own
# distribution it has bitcode for link-time optimisation, and `panic_abort` aborts, which cargo alone would not tell it.
library() {
    local target=$1 work=$kit/library
    rm -rf "$work"
    mkdir -p "$work/src"
    echo '#![no_std]' >"$work/src/lib.rs"
    printf '[package]\nname = "nothing"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[profile.release]\nopt-level = 1\n' \
        >"$work/Cargo.toml"
    cat >"$work/rustc" <<'END'
#!/bin/sh
case " $* " in *" --crate-name panic_abort "*) set -- "$@" -C panic=abort ;; esac
exec "$@"
END
    chmod +x "$work/rustc"
    (
        cd "$work"
        PATH=$usr/bin:$PATH LD_LIBRARY_PATH=$usr/lib/x86_64-linux-gnu RUSTC=$usr/bin/rustc RUSTC_BOOTSTRAP=1 \
            RUSTC_WRAPPER=$work/rustc RUSTFLAGS='-C embed-bitcode=yes' \
            nice cargo build -q --release --target "$target" --target-dir "$work/target" \
            -Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test
    )
    rm -rf "$usr/lib/rustlib/$target"
    mkdir -p "$usr/lib/rustlib/$target/lib"
    find "$work/target/$target/release/deps" -name '*.rlib' ! -name 'libnothing*' \
        -exec cp {} "$usr/lib/rustlib/$target/lib/" \;
    rm -rf "$work"
}

# Wine in a root of its own, from the mirror that this machine uses.
wine() {
    command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
    local mirror
    mirror=$(apt-get indextargets --format '$(SITE)' | grep -E '/debian/?$' | sort | uniq -c | sort -rn | awk 'NR==1 {print $2}')
    rm -rf "$kit/wine"
    debootstrap --variant=minbase --include=wine64 trixie "$kit/wine" "$mirror" >"$kit/debootstrap.log" 2>&1
    # Symbols are three quarters of it.
    find "$kit/wine/usr/lib/x86_64-linux-gnu/wine/x86_64-windows" -type f -name '*.*' -print0 |
        xargs -0 -n40 "$usr/bin/x86_64-w64-mingw32-strip" -S 2>/dev/null || true
    rm -rf "$kit"/wine/var/cache/apt/archives/*.deb "$kit"/wine/usr/share/{doc,man,locale}
    "$(dirname "$0")/wine.sh" "$kit/wine" --new
}

once compilers
case $system in
windows)
    once library-windows x86_64-pc-windows-gnu
    once wine
    ;;
macos)
    once zig
    once library-macos aarch64-apple-darwin
    once library-intel x86_64-apple-darwin
    ;;
esac
