# The Docker engine: installed and started when none answers, never stopped.

engine_answers() { docker version >/dev/null 2>&1; }

need_engine() {
    engine_answers && return
    if [ -n "${DOCKER_HOST:-}" ]; then
        die "no engine answers at DOCKER_HOST=$DOCKER_HOST"
    fi
    need_packages docker.io iptables
    engine_answers && return
    [ "$(id -u)" = 0 ] || die "no engine answers; start dockerd as root"
    local log=/var/log/lexi-dockerd.log deadline=$((SECONDS + 60))
    if [ -d /run/systemd/system ]; then
        log="journalctl -u docker"
        systemctl start docker
    else
        echo "starting dockerd, its log is $log" >&2
        setsid dockerd >"$log" 2>&1 </dev/null 9>&- &
    fi
    until engine_answers; do
        if [ $SECONDS -ge $deadline ]; then
            [ -f "$log" ] && tail -n 15 "$log" >&2
            die "dockerd does not answer; see $log"
        fi
        sleep 0.2
    done
}
