"""The programs that `lexi` is held against: found on PATH, else installed into a cache that the next time finds them in."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lexi-bench"
BIN = CACHE / "bin"

# Debian's own packages, for whoever may install them.
OF_DEBIAN = {
    "make": "make", "lua5.4": "lua5.4", "pigz": "pigz", "zstd": "zstd", "docker-compose": "docker-compose", "time": "time",
    "redis-server": "redis-server",
}
# Packages of later Debians, unpacked into the cache: they are programs without needs.
OF_LATER_DEBIAN = {
    "supercronic": "pool/main/s/supercronic/supercronic_0.2.45-1_amd64.deb",
    "docker-compose-2": "pool/main/d/docker-compose/docker-compose_2.26.1-4_amd64.deb",
}
OF_PIP = {"just": "rust-just", "task": "go-task-bin"}
OF_NPM = {"mise": "@jdxcode/mise", "dbmate": "dbmate"}
OF_CARGO = {"watchexec": ["watchexec-cli"], "sqlx": ["sqlx-cli", "--no-default-features", "--features", "postgres,rustls"]}

# How each says its version.
ASKED = {
    "make": ["make", "--version"], "just": ["just", "--version"], "task": ["task", "--version"], "mise": ["mise", "version"],
    "watchexec": ["watchexec", "--version"], "docker-compose": ["docker-compose", "version", "--short"],
    "docker-compose-2": ["docker-compose-2", "version", "--short"], "dbmate": ["dbmate", "--version"], "sqlx": ["sqlx", "--version"],
    "pigz": ["pigz", "--version"], "zstd": ["zstd", "--version"], "lua5.4": ["lua5.4", "-v"],
    "supercronic": ["supercronic", "-version"], "python3": ["/usr/bin/python3", "--version"], "bash": ["bash", "--version"],
    "gzip": ["gzip", "--version"], "psql": ["psql", "--version"], "pg_dump": ["pg_dump", "--version"],
}


def environment():
    """The variables of this process, with the cache on PATH."""
    return os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}


def find(name):
    return shutil.which(name, path=environment()["PATH"])


def install():
    """Installs what is missing; what cannot be had is missing on the page too."""
    BIN.mkdir(parents=True, exist_ok=True)
    absent = [package for name, package in OF_DEBIAN.items() if not find(name)]
    if absent and os.geteuid() == 0:
        attempt(["apt-get", "install", "-y", "--no-install-recommends", *absent])
    for name, package in OF_PIP.items():
        if not find(name):
            folder = CACHE / f"pip-{name}"
            attempt([sys.executable, "-m", "venv", folder]) and attempt([folder / "bin/pip", "install", "--quiet", package])
            link(name, folder.glob(f"bin/{name}"))
    for name, package in OF_NPM.items():
        if not find(name):
            folder = CACHE / f"npm-{name}"
            attempt(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, package])
            link(name, folder.glob(f"node_modules/**/bin/{name}"))
    for name, words in OF_CARGO.items():
        if not find(name):
            attempt(["cargo", "install", "--locked", "--root", CACHE, *words])
    mirror = next(iter(said(["apt-get", "indextargets", "--format", "$(REPO_URI)"])), None)
    for name, path in OF_LATER_DEBIAN.items():
        if mirror and not find(name):
            folder = CACHE / name
            folder.mkdir(exist_ok=True)
            file = folder / "package.deb"
            attempt(["curl", "-fsSL", "-o", file, mirror + path]) and attempt(["dpkg-deb", "-x", file, folder])
            programs = (p for p in folder.rglob(name.removesuffix("-2")) if p.is_file() and os.access(p, os.X_OK))
            link(name, programs)


def link(name, found):
    """Makes a program of the cache known by its name: the first that is no link or script of a shell."""
    programs = sorted((p for p in found if p.is_file() and os.access(p, os.X_OK)), key=lambda p: p.is_symlink())
    if programs and not (BIN / name).exists():
        (BIN / name).symlink_to(programs[0])


def attempt(words):
    """Runs a command whose failure leaves a program out."""
    print(f"$ {' '.join(map(str, words))}", file=sys.stderr, flush=True)
    try:
        return subprocess.run(words, stdout=subprocess.DEVNULL).returncode == 0
    except OSError as error:
        print(error, file=sys.stderr)
        return False


def said(words):
    try:
        done = subprocess.run(words, capture_output=True, text=True, env=environment())
    except OSError:
        return []
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()] if done.returncode == 0 else []


def versions():
    """Those that are there with their versions, and the names of those that are not."""
    found, missing = {}, []
    for name, words in ASKED.items():
        lines = said(words)
        if lines:
            version = re.split(r",? by |  Copyright", lines[0].strip(" *"))[0].replace("<unset>", "")
            shown = name.removesuffix("-2")
            is_named = shown.rstrip("0123456789.") in version.lower()
            found[name] = version if is_named else f"{shown} {version}".strip()
        else:
            missing.append(name)
    return found, missing
