# shellcheck shell=bash
# An SFTP server for tests and for the demo. Installing Debian's openssh-server would start a daemon on
# port 22 of this machine, so its programs are only unpacked, with the libraries that are missing here.
#
# Sets TELECOM_SSHD, to be called as `$TELECOM_SSHD -D -e -f CONFIG`, and TELECOM_SFTP_SERVER for its
# configuration. sshd has privileges to give up only as root, and then wants a user and a folder of its own
# on the machine; so where we are root it runs as TELECOM_SSHD_USER, who must be able to read its keys.

prepare_openssh() {
    local root=$SERVICES/openssh
    if [ -x /usr/sbin/sshd ] && [ -x /usr/lib/openssh/sftp-server ]; then
        root=''
    elif [ ! -f "$root/complete" ]; then
        unpack_openssh "$root"
    fi
    write_sshd_starter "$root" "$SERVICES/sshd"
    export TELECOM_SSHD=$SERVICES/sshd
    export TELECOM_SFTP_SERVER=$root/usr/lib/openssh/sftp-server
    export TELECOM_SSHD_USER=$RUN_AS
}

unpack_openssh() {
    local root=$1 names
    say "fetching an SFTP server from Debian, for tests"
    open_debian bookworm
    # What installing it would install here is what has to be unpacked.
    mapfile -t names < <("${DEBIAN[@]}" install --simulate --no-install-recommends openssh-server | awk '$1 == "Inst" { print $2 }')
    rm -rf "$root"
    mkdir -p "$root"
    chmod 755 "$root"
    unpack_debian "$root" openssh-server "${names[@]}"
    close_debian
    touch "$root/complete"
}

# write_sshd_starter ROOT FILE: sshd finds its libraries under ROOT.
write_sshd_starter() {
    local root=$1 libraries
    libraries=$root/lib/$(machine_triplet):$root/usr/lib/$(machine_triplet)
    cat >"$2.new" <<EOF
#!/bin/sh
# Written by setup/lib/openssh.sh.
export LD_LIBRARY_PATH='$libraries'
if [ "\$(id -u)" -eq 0 ]; then
    exec setpriv --reuid=$RUN_AS --regid=$RUN_AS --init-groups '$root/usr/sbin/sshd' "\$@"
fi
exec '$root/usr/sbin/sshd' "\$@"
EOF
    chmod 755 "$2.new"
    mv "$2.new" "$2"
}

machine_triplet() {
    find /usr/lib -maxdepth 1 -name '*-linux-gnu*' -printf '%f\n' | head -n 1
}
