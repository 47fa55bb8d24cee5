#!/bin/bash
# What the public image promises: POSTGRES_USER, _PASSWORD, _DB, _INITDB_ARGS (each also as a file in .._FILE),
# POSTGRES_HOST_AUTH_METHOD, PGDATA, /docker-entrypoint-initdb.d, and arguments for the server.
set -euo pipefail

# Takes variable $1 from the file that $1_FILE names, or else leaves it, with default $2.
from_file() {
    local name=$1 file_name=$1_FILE value=${2:-}
    if [ -n "${!name:-}" ] && [ -n "${!file_name:-}" ]; then
        echo "error: both $name and $file_name are set" >&2
        exit 1
    fi
    if [ -n "${!name:-}" ]; then
        value=${!name}
    elif [ -n "${!file_name:-}" ]; then
        value=$(<"${!file_name}")
    fi
    export "$name=$value"
    unset "$file_name"
}

read_settings() {
    from_file POSTGRES_PASSWORD
    from_file POSTGRES_USER postgres
    from_file POSTGRES_DB "$POSTGRES_USER"
    from_file POSTGRES_INITDB_ARGS
    export PGDATA=${PGDATA:-/var/lib/postgresql/data}
}

# root only makes the folders; everything else is done as the server's user.
become_postgres() {
    mkdir -p "$PGDATA" /run/postgresql
    chmod 700 "$PGDATA"
    find "$PGDATA" /run/postgresql \! -user postgres -exec chown postgres:postgres {} +
    exec gosu postgres "${BASH_SOURCE[0]}" "$@"
}

create_cluster() {
    if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
        echo "error: the database is not initialised and POSTGRES_PASSWORD is empty" >&2
        echo "hint: set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust" >&2
        exit 1
    fi
    # Nothing is lost when the machine stops in here: a half-made cluster is not used. The server itself does sync.
    # POSTGRES_INITDB_ARGS are words of a shell, hence the eval.
    eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") \
        --locale=C.UTF-8 --encoding=UTF8 --no-sync '"$POSTGRES_INITDB_ARGS" >/dev/null
    printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
}

run_sql() {
    PGHOST='' psql -X -v ON_ERROR_STOP=1 --no-password --quiet -U "$POSTGRES_USER" -d "${database:-$POSTGRES_DB}" "$@"
}

run_init_files() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            */'*') ;;
            *.sh)
                echo "init: running $file"
                # shellcheck source=/dev/null
                if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) echo "init: running $file"; run_sql -f "$file" ;;
            *.sql.gz) echo "init: running $file"; gunzip -c "$file" | run_sql ;;
            *.sql.xz) echo "init: running $file"; xzcat "$file" | run_sql ;;
            *) echo "init: ignoring $file" ;;
        esac
    done
}

# Until the database is made, the server listens on its socket only: nobody sees half of it.
initialise() {
    create_cluster
    local arguments
    printf -v arguments '%q ' "${@:2}" -c "listen_addresses=" -c fsync=off
    PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -w -s -o "$arguments" start
    export PGPASSWORD=$POSTGRES_PASSWORD
    if [ "$POSTGRES_DB" != postgres ]; then
        database=postgres run_sql -v name="$POSTGRES_DB" <<<'CREATE DATABASE :"name";'
    fi
    run_init_files
    unset PGPASSWORD
    pg_ctl -D "$PGDATA" -m fast -w -s stop
    echo "PostgreSQL init process complete; ready for start up."
}

case ${1:-} in -*) set -- postgres "$@" ;; esac
[ "${1:-}" = postgres ] || exec "$@"
read_settings
[ "$(id -u)" != 0 ] || become_postgres "$@"
[ -s "$PGDATA/PG_VERSION" ] || initialise "$@"
exec "$@"
