# shellcheck shell=bash
# SIP switches and SIP telephones for tests: Kamailio, Asterisk and SIPp. Installing Debian's packages would start
# daemons on this machine, so the programs are only unpacked, with the libraries that are missing here.
#
# Sets TELECOM_KAMAILIO, TELECOM_ASTERISK and TELECOM_SIPP, to be called with their programs' options,
# TELECOM_KAMAILIO_ROOT and TELECOM_ASTERISK_ROOT, below which the switches' other files are, and TELECOM_SIP_USER, as
# whom all run where we are root.

SIP_PACKAGES=(kamailio kamailio-sqlite-modules kamailio-utils-modules sip-tester)

prepare_sip() {
    local root=$SERVICES/sip
    if [ ! -f "$root/complete" ]; then
        unpack_sip "$root"
    fi
    write_sip_starter "$root" "$SERVICES/kamailio" usr/sbin/kamailio
    write_sip_starter "$root" "$SERVICES/sipp" usr/bin/sipp
    export TELECOM_KAMAILIO=$SERVICES/kamailio
    export TELECOM_KAMAILIO_ROOT=$root/usr
    export TELECOM_SIPP=$SERVICES/sipp
    export TELECOM_SIP_USER=$RUN_AS
    prepare_asterisk
}

# Debian 12 has no Asterisk, sid has (as it has Odoo): with all of its libraries, down to the one of C. What is in sid
# can be broken for a day, so the tests of Asterisk are then left out, and say so.
prepare_asterisk() {
    local root=$SERVICES/asterisk-root
    if [ ! -f "$root/complete" ] && ! (unpack_asterisk "$root"); then
        say "Asterisk can not be had from Debian now; its tests are left out"
        return
    fi
    write_asterisk_starter "$root" "$SERVICES/asterisk"
    export TELECOM_ASTERISK=$SERVICES/asterisk
    export TELECOM_ASTERISK_ROOT=$root/usr
}

unpack_asterisk() {
    local root=$1 names
    say "fetching Asterisk from Debian, for tests (60 MB)"
    open_debian sid
    : >"$DEBIAN_HOME/installed"
    # All that it needs on a machine that has nothing; of this, itself and libraries.
    mapfile -t names < <("${DEBIAN[@]}" -o "Dir::State::status=$DEBIAN_HOME/installed" install --simulate \
        --no-install-recommends asterisk | awk '$1 == "Inst" && $2 ~ /^(lib|zlib1g|asterisk$|asterisk-modules$)/ { print $2 }')
    rm -rf "$root"
    mkdir -p "$root"
    chmod 755 "$root"
    unpack_debian "$root" "${names[@]}"
    close_debian
    touch "$root/complete"
}

# write_asterisk_starter ROOT FILE: started by its own loader, as its library of C is newer than ours.
write_asterisk_starter() {
    local root=$1 libraries loader
    libraries=$root/usr/lib/$(machine_triplet)
    loader=$(echo "$libraries"/ld-linux-*.so.*)
    write_starter "$2" "'$loader' --library-path '$libraries' '$root/usr/sbin/asterisk'"
}

unpack_sip() {
    local root=$1 names
    say "fetching the SIP switch Kamailio and SIPp from Debian, for tests (12 MB)"
    open_debian bookworm
    # What installing them would install here is what has to be unpacked; themselves in any case.
    mapfile -t names < <("${DEBIAN[@]}" install --simulate --no-install-recommends "${SIP_PACKAGES[@]}" | awk '$1 == "Inst" { print $2 }')
    mapfile -t names < <(printf '%s\n' "${names[@]}" "${SIP_PACKAGES[@]}" | sort -u)
    rm -rf "$root"
    mkdir -p "$root"
    chmod 755 "$root"
    unpack_debian "$root" "${names[@]}"
    close_debian
    touch "$root/complete"
}

# write_sip_starter ROOT FILE PROGRAM: the program finds its libraries under ROOT.
write_sip_starter() {
    local root=$1 libraries triplet
    triplet=$(machine_triplet)
    libraries=$root/usr/lib/$triplet/kamailio:$root/lib/$triplet:$root/usr/lib/$triplet
    write_starter "$2" "env LD_LIBRARY_PATH='$libraries' '$root/$3'"
}

# write_starter FILE COMMAND: runs the command with whatever the file is given, and never as root.
write_starter() {
    cat >"$1.new" <<END
#!/bin/sh
# Written by setup/lib/sip.sh.
if [ "\$(id -u)" -eq 0 ]; then
    exec setpriv --reuid=$RUN_AS --regid=$RUN_AS --init-groups $2 "\$@"
fi
exec $2 "\$@"
END
    chmod 755 "$1.new"
    mv "$1.new" "$1"
}
