# Debian packages: installs what is missing, without starting the services that packages bring.

need_packages() {
    local wanted=() package status
    for package in "$@"; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || true
        [ "$status" = installed ] || wanted+=("$package")
    done
    [ ${#wanted[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        die "needs: apt-get install -y --no-install-recommends ${wanted[*]}"
    fi
    echo "installing ${wanted[*]}" >&2
    # In a subshell, so that the trap that takes policy-rc.d away again is its own.
    (
        export DEBIAN_FRONTEND=noninteractive
        mkdir -p /etc/postgresql-common/createcluster.d
        [ -e /etc/postgresql-common/createcluster.d/lexi.conf ] ||
            echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/lexi.conf
        if [ ! -e /usr/sbin/policy-rc.d ]; then
            trap 'rm -f /usr/sbin/policy-rc.d' EXIT
            printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
            chmod 755 /usr/sbin/policy-rc.d
        fi
        apt-get update -q && apt-get install -q -y --no-install-recommends "${wanted[@]}"
    ) >"$cache/apt.log" 2>&1 9>&- || {
        tail -n 20 "$cache/apt.log" >&2
        die "cannot install ${wanted[*]}"
    }
}
