# shellcheck shell=bash
# A MariaDB server for tests. Installing Debian's mariadb-server would start a daemon on this machine, so its
# program is only unpacked, with the libraries that are missing here.
#
# Sets TELECOM_MARIADB, to be called as `$TELECOM_MARIADB OPTIONS`, TELECOM_MARIADB_ROOT, below which its files
# are, and TELECOM_MARIADB_USER, as whom it runs where we are root: that user must be able to write its data.

prepare_mariadb() {
    local root=$SERVICES/mariadb
    if [ -x /usr/sbin/mariadbd ] && [ -f /usr/share/mysql/mysql_system_tables.sql ]; then
        root=''
    elif [ ! -f "$root/complete" ]; then
        unpack_mariadb "$root"
    fi
    write_mariadb_starter "$root" "$SERVICES/mariadbd"
    export TELECOM_MARIADB=$SERVICES/mariadbd
    export TELECOM_MARIADB_ROOT=$root/usr
    export TELECOM_MARIADB_USER=$RUN_AS
}

unpack_mariadb() {
    local root=$1 names
    say "fetching a MariaDB server from Debian, for tests (7 MB)"
    open_debian bookworm
    # What installing it would install here is what has to be unpacked.
    mapfile -t names < <("${DEBIAN[@]}" install --simulate --no-install-recommends mariadb-server-core | awk '$1 == "Inst" { print $2 }')
    rm -rf "$root"
    mkdir -p "$root"
    chmod 755 "$root"
    unpack_debian "$root" mariadb-server-core "${names[@]}"
    close_debian
    touch "$root/complete"
}

# write_mariadb_starter ROOT FILE: mariadbd finds its libraries under ROOT.
write_mariadb_starter() {
    local root=$1 libraries
    libraries=$root/lib/$(machine_triplet):$root/usr/lib/$(machine_triplet)
    cat >"$2.new" <<EOF
#!/bin/sh
# Written by setup/lib/mariadb.sh.
export LD_LIBRARY_PATH='$libraries'
if [ "\$(id -u)" -eq 0 ]; then
    exec setpriv --reuid=$RUN_AS --regid=$RUN_AS --init-groups '$root/usr/sbin/mariadbd' "\$@"
fi
exec '$root/usr/sbin/mariadbd' "\$@"
EOF
    chmod 755 "$2.new"
    mv "$2.new" "$2"
}
