#!/usr/bin/env bash
# Installs what is missing to build, test or look at dateline, and says nothing where nothing is.
#
#   scripts/setup.sh build   C and C++ compiler, make, perl, pkg-config, curl, kill, certificates, Rust (rustup)
#   scripts/setup.sh test    the same, and Java 17+ and Maven for the real-Kafka tests
#   scripts/setup.sh observe the same as test, and Prometheus and Python's venv for dashboard and alerts
#   scripts/setup.sh page    the same as build, and Chromium and npm (for axe) for the test of the live page
#
# perl is for the vendored OpenSSL only; DATELINE_NO_TLS=1 leaves it out. Debian and Ubuntu are served by apt-get, as
# root or by sudo; elsewhere everything that is missing is named in one message, and the exit code is 1.
set -euo pipefail

purpose=${1:-build}
packages=()
names=()

have() { command -v "$1" >/dev/null 2>&1; }

need() { # PACKAGE NAME COMMAND
    have "$3" && return 0
    packages+=("$1")
    names+=("$2")
}

java_is_recent() {
    local major
    major=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1) || return 1
    [ "${major:-0}" -ge 17 ]
}

channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$(dirname "${BASH_SOURCE[0]}")/../rust-toolchain.toml")
# A bare Debian has a perl without the modules that OpenSSL's build asks for.
perl_is_whole() { perl -MFindBin -MFile::Compare -MIPC::Cmd -MTime::Piece -e 1 2>/dev/null; }

rust_is_missing() { ! have cargo && [ ! -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; }

look() {
    packages=()
    names=()
    need gcc "a C compiler (gcc)" cc
    need g++ "a C++ compiler (g++)" c++
    have cc && [ ! -e /usr/include/stdlib.h ] && [ -e /etc/debian_version ] && packages+=(libc6-dev) && names+=("the C library's headers")
    need make make make
    [ -n "${DATELINE_NO_TLS:-}" ] || perl_is_whole || { packages+=(perl) && names+=("perl with its standard modules"); }
    need pkg-config pkg-config pkg-config
    need curl curl curl
    # The tests end what they start by the program, which a bare system lacks; the shell's own does not count.
    [ -n "$(type -P kill)" ] || { packages+=(procps) && names+=("the program kill (procps)"); }
    if [ -e /etc/debian_version ] && [ ! -e /etc/ssl/certs/ca-certificates.crt ]; then
        packages+=(ca-certificates)
        names+=("CA certificates")
    fi
    case $purpose in
    build) ;;
    test | observe)
        java_is_recent || { packages+=(openjdk-17-jre-headless) && names+=("Java 17 or newer"); }
        need maven Maven mvn
        [ "$purpose" = test ] || {
            { have prometheus && have promtool; } || { packages+=(prometheus) && names+=(Prometheus); }
            python3 -c 'import ensurepip' 2>/dev/null || { packages+=(python3-venv) && names+=("Python 3 with venv"); }
        }
        ;;
    page)
        have chromium || have chromium-browser || have google-chrome || { packages+=(chromium) && names+=(Chromium); }
        need npm npm npm
        ;;
    *)
        echo "setup.sh: build, test, observe or page, not '$purpose'" >&2
        exit 2
        ;;
    esac
}

complain() {
    rust_is_missing && names+=("Rust $channel (https://rustup.rs, or any cargo of that version on PATH)")
    {
        echo "setup.sh: missing, and it cannot be installed from here${1:+ ($1)}:"
        printf '  - %s\n' "${names[@]}"
        echo "Install these and run the same command again."
    } >&2
    exit 1
}

install() {
    local as_root=()
    have apt-get || complain "no apt-get"
    if [ "$(id -u)" -ne 0 ]; then
        { have sudo && sudo -n true 2>/dev/null; } || complain "neither root nor sudo without a password"
        as_root=(sudo)
    fi
    echo "setup.sh: installing ${packages[*]}" >&2
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
    { "${apt[@]}" -qq update && "${apt[@]}" -qq install -y --no-install-recommends "${packages[@]}"; } \
        </dev/null >&2 || complain "apt-get failed, see above"
}

look
if [ ${#packages[@]} -gt 0 ]; then
    install
    look
    [ ${#packages[@]} -eq 0 ] || complain "still missing after apt-get"
fi

if rust_is_missing; then
    echo "setup.sh: installing Rust $channel by rustup" >&2
    curl --proto '=https' --tlsv1.2 -fsS --retry 3 https://sh.rustup.rs |
        sh -s -- -y -q --profile minimal --component rustfmt --component clippy \
            --default-toolchain "$channel" >&2 || complain "rustup's server was not reached"
fi
