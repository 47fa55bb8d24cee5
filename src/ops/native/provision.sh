# Installs packages without letting them make a cluster or start a service.
# It removes its policy itself, so that it is gone also when the program that started this is killed.
# $1: "update" or "keep" the package lists; $2: the policy's file; $3: the cluster setting's file; $4: apt-get; rest: packages
lists=$1 policy=$2 setting=$3 apt=$4
shift 4
mark='# Temporary, made by lexi while it installs packages.'
made= child= stop=

run() {
    [ -z "$stop" ] || return 130
    # A shell without job control starts programs beside it deaf to INT; `env` lets them hear again.
    env --default-signal=INT "$@" </dev/null &
    child=$!
    while :; do
        wait "$child"
        code=$?
        kill -0 "$child" 2>/dev/null || break
    done
    child=
    return "$code"
}

# apt-get ends what it is doing to one package before it obeys, so the packages stay usable.
trap 'stop=1; [ -z "$child" ] || kill -INT "$child"' INT TERM HUP
trap '[ -z "$made" ] || rm -f "$policy"' EXIT

if [ ! -e "$policy" ] || grep -qF "$mark" "$policy"; then
    made=1
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy" && chmod 755 "$policy" || exit 1
fi
if [ ! -e "$setting" ]; then
    mkdir -p "${setting%/*}" && echo 'create_main_cluster = false' >"$setting" || exit 1
fi

export DEBIAN_FRONTEND=noninteractive
update() { run $apt update; }
install() { run $apt install -y --no-install-recommends -o DPkg::Lock::Timeout=600 "$@"; }
if [ "$lists" = update ]; then
    update
    install "$@"
else
    install "$@" || { update && install "$@"; }
fi
