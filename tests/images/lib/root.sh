# An image's file system from what the host has installed: programs, the libraries they load, and busybox for the rest.

# Makes the folder $1 a root with a shell, users and name lookup.
start_root() {
    local root=$1 applet
    mkdir -p "$root"/{bin,sbin,etc,tmp,var,run,root,dev,proc,sys,home,lib64} "$root"/usr/{bin,local/bin}
    chmod 1777 "$root/tmp"
    chmod 700 "$root/root"
    ln -s /run "$root/var/run"
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in $(busybox --list); do
        [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
    done
    ln -s /bin/env "$root/usr/bin/env"
    add_user "$root" root 0 0 /root
    add_user "$root" nobody 65534 65534 /
    printf '%s\n' 'hosts: files dns' 'passwd: files' 'group: files' >"$root/etc/nsswitch.conf"
    # busybox has a setpriv of its own that cannot change the user.
    copy_from_host "$root" '' /usr/bin/setpriv
    copy_name_lookup "$root"
}

# add_user ROOT NAME UID GID HOME: the public image's own numbers, so that files in a volume have the same owners.
add_user() {
    echo "$2:x:$3:$4::$5:/bin/sh" >>"$1/etc/passwd"
    grep -qs ":x:$4:" "$1/etc/group" || echo "$2:x:$4:" >>"$1/etc/group"
}

# glibc loads these by name at run time, so no program lists them.
copy_name_lookup() {
    local library
    for library in libnss_files.so.2 libnss_dns.so.2 libresolv.so.2; do
        copy_library "$1" "/lib/$(uname -m)-linux-gnu/$library"
    done
}

# copy_from_host ROOT WITHOUT PATH..: copies files and folders with every library they load, except files whose path
# matches the extended regular expression WITHOUT (empty: all).
copy_from_host() {
    local root=$1 without=${2:-^$} path file
    shift 2
    for path in "$@"; do
        find -L "$path" -type f -print
    done | grep -vE "$without" | sort -u >"$root.files"
    # Links are followed, so that what `/usr/bin/x -> /etc/alternatives/x` means is in the image under the first name.
    tar -C / -h --hard-dereference -c -T <(sed 's,^/,,' "$root.files") | tar -C "$root" -x
    copy_libraries_of "$root" "$root.files"
    rm -f "$root.files"
}

# Copies what the programs and libraries listed in the file $2 are linked with.
copy_libraries_of() {
    local library
    # ldd fails for what is not a program, such as a script in a bin folder.
    { grep -E '\.so|/bin/' "$2" | xargs -r -n 64 ldd 2>/dev/null || true; } |
        sed -nE 's/.*=> (\/[^ ]+) .*/\1/p; s/^[[:space:]]*(\/lib64\/[^ ]+) .*/\1/p' | sort -u |
        while read -r library; do copy_library "$1" "$library"; done
}

copy_library() {
    [ -e "$1$2" ] || [ ! -e "$2" ] || install -D "$(readlink -f "$2")" "$1$2"
}

# put ROOT RECIPE_FILE PATH: a program of the recipe.
put() { install -D -m 755 "$2" "$1$3"; }

# owned ROOT USER:GROUP PATH..: folders that the service writes to, by the image's own numbers.
owned() {
    local root=$1 owner=$2 path
    shift 2
    for path in "$@"; do
        mkdir -p "$root$path"
        chown -R "$owner" "$root$path"
    done
}
