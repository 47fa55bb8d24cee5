#!/bin/sh
# What the public image promises: PGADMIN_DEFAULT_EMAIL, PGADMIN_DEFAULT_PASSWORD (also as a file in .._FILE),
# PGADMIN_LISTEN_ADDRESS, PGADMIN_LISTEN_PORT, PGADMIN_CONFIG_<NAME> = a Python value, and the servers of
# PGADMIN_SERVER_JSON_FILE (/pgadmin4/servers.json), loaded when the data folder is new.
set -eu
data=/var/lib/pgadmin

if [ -n "${PGADMIN_DEFAULT_PASSWORD_FILE:-}" ]; then
    PGADMIN_DEFAULT_PASSWORD=$(cat "$PGADMIN_DEFAULT_PASSWORD_FILE")
fi
if [ -z "${PGADMIN_DEFAULT_EMAIL:-}" ] || [ -z "${PGADMIN_DEFAULT_PASSWORD:-}" ]; then
    echo "error: PGADMIN_DEFAULT_EMAIL and PGADMIN_DEFAULT_PASSWORD (or .._FILE) must be set" >&2
    exit 1
fi
cat >config_local.py <<SETTINGS
SERVER_MODE = True
DATA_DIR = '$data'
SQLITE_PATH = '$data/pgadmin4.db'
SESSION_DB_PATH = '$data/sessions'
STORAGE_DIR = '$data/storage'
LOG_FILE = '/var/log/pgadmin/pgadmin4.log'
DEFAULT_SERVER = '${PGADMIN_LISTEN_ADDRESS:-0.0.0.0}'
DEFAULT_SERVER_PORT = ${PGADMIN_LISTEN_PORT:-80}
DEFAULT_BINARY_PATHS = {'pg': '/usr/lib/postgresql/15/bin', 'pg-15': '/usr/lib/postgresql/15/bin'}
UPGRADE_CHECK_ENABLED = False
SETTINGS
env | sed -n 's/^PGADMIN_CONFIG_\([A-Z0-9_]*\)=\(.*\)$/\1 = \2/p' >>config_local.py

if [ ! -f "$data/pgadmin4.db" ]; then
    export PGADMIN_SETUP_EMAIL="$PGADMIN_DEFAULT_EMAIL" PGADMIN_SETUP_PASSWORD="$PGADMIN_DEFAULT_PASSWORD"
    python3 setup.py setup-db
    servers=${PGADMIN_SERVER_JSON_FILE:-/pgadmin4/servers.json}
    [ ! -f "$servers" ] || python3 setup.py load-servers "$servers" --user "$PGADMIN_DEFAULT_EMAIL"
fi
# As process 1 Python would not end on SIGTERM.
exec dumb-init -- python3 pgAdmin4.py
