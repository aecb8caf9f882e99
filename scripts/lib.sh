# Shared by the scripts here; sourced, with bash. Sets `top` and goes there.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top" || exit 1
jobs=$(nproc 2>/dev/null || echo 2)

say() {
    printf '\n== %s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

is_package_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_packages NAME...: installs those Debian packages that are missing.
need_packages() {
    local missing=() package as_root=()
    if ! command -v apt-get >/dev/null; then
        echo "This is not a Debian system; these packages, or what corresponds, are needed: $*"
        return
    fi
    for package; do
        is_package_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "as root, run: apt-get install --no-install-recommends ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing ${missing[*]}"
    "${as_root[@]}" apt-get -qq update </dev/null ||
        echo "The package lists could not be refreshed; trying with those that are there."
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
        -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" </dev/null ||
        die "could not install: ${missing[*]}"
}

build_packages=(gcc libc6-dev cmake ninja-build pkg-config libevent-dev libltdl-dev
    libssl-dev libsodium-dev libcrypt-dev lowdown)
peer_packages=(libzmq3-dev python3 python3-zmq)
test_packages=(libcmocka-dev clang-format clang-tidy abigail-tools libuv1-dev mandoc)
# What was made for libzmq, which the drop-in is tried with.
binding_packages=(python3-pytest python3-pytest-asyncio python3-tornado python3-gevent
    libczmq-dev binutils perl libzmq-ffi-perl ruby ruby-ffi-rzmq g++ cppzmq-dev
    default-jdk-headless libjeromq-java)

# Debian's own interpreter, which sees Debian's python3-zmq; others in PATH may not.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

# quietly COMMAND...: shows what it printed only if it fails.
quietly() {
    local log status
    log=$(mktemp)
    "$@" >"$log" 2>&1
    status=$?
    [ $status -eq 0 ] || cat "$log"
    rm -f "$log"
    return $status
}

# configure PRESET [CMAKE ARGUMENT...]
configure() {
    local preset=$1
    shift
    if command -v ccache >/dev/null; then
        set -- -DCMAKE_C_COMPILER_LAUNCHER=ccache "$@"
    fi
    quietly cmake --preset "$preset" "$@"
}

# build PRESET [CMAKE ARGUMENT...]: configures and builds.
build() {
    configure "$@" && cmake --build --preset "$1" --parallel "$jobs"
}
