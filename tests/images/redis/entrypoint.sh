#!/bin/sh
# What the public image promises: arguments that begin with `-` or end in `.conf` are the server's, which runs as the
# user `redis` in /data.
set -eu
case ${1:-} in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "${1:-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis '{}' +
    exec /usr/bin/setpriv --reuid=redis --regid=redis --init-groups --inh-caps=-all "$0" "$@"
fi
# Files of the data folder are the server's own.
[ "$(umask)" != 0022 ] || umask 0077
exec "$@"
