#!/bin/sh
# Renews .sqlx: the descriptions of all checked queries, by which a build needs no database.
#
# Starts a PostgreSQL of its own in a temporary directory, applies the migrations, lets the query macros ask it, and
# stops it. Fails without touching .sqlx when a query doesn't fit the tables.
set -eu

cd "$(dirname "$0")/.."
root=$PWD

find_bin() {
    if command -v initdb >/dev/null 2>&1 && command -v pg_ctl >/dev/null 2>&1; then
        return 0
    fi
    for directory in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -nr); do
        PATH=$directory:$PATH
        return 0
    done
    echo "prepare-queries: no PostgreSQL found: install the package \`postgresql\`" >&2
    exit 1
}
find_bin
export PATH

# PostgreSQL refuses to run as root.
user=postgres
id "$user" >/dev/null 2>&1 || user=nobody
as_user() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups env HOME="$work" "$@"
    else
        "$@"
    fi
}

work=$(mktemp -d)
cleanup() {
    status=$?
    as_user "$(command -v pg_ctl)" -D "$work/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
if [ "$(id -u)" = 0 ]; then
    chown "$user" "$work"
fi

cd "$work"
as_user "$(command -v initdb)" -D "$work/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
# A socket in the temporary directory and no port: nothing to collide with.
as_user "$(command -v pg_ctl)" -D "$work/data" -l "$work/log" -w \
    -o "-c listen_addresses='' -c unix_socket_directories='$work' -c fsync=off" start >/dev/null
as_user psql -q -h "$work" -U postgres -c 'CREATE DATABASE queries'
for migration in "$root"/migrations/*.sql; do
    psql -q -v ON_ERROR_STOP=1 -h "$work" -U postgres queries <"$migration"
done

cd "$root"
mkdir "$work/sqlx"
# The macros describe a query when its crate is compiled, so it has to be compiled.
find projections/src -name '*.rs' -exec touch {} +
DATABASE_URL="postgres://postgres@localhost/queries?host=$work" SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$work/sqlx" \
    cargo check -q -p infragpt-projections --all-targets

mkdir -p .sqlx
rm -f .sqlx/query-*.json
cp "$work"/sqlx/query-*.json .sqlx/
echo "prepare-queries: $(ls .sqlx | wc -l) queries described in .sqlx"
