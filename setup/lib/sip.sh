# shellcheck shell=bash
# A SIP switch and SIP telephones for tests: Kamailio and SIPp. Installing Debian's kamailio would start a
# daemon on this machine, so the programs are only unpacked, with the libraries that are missing here.
#
# Sets TELECOM_KAMAILIO and TELECOM_SIPP, to be called with their programs' options, TELECOM_KAMAILIO_ROOT,
# below which the switch's other files are, and TELECOM_SIP_USER, as whom both run where we are root.

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
    cat >"$2.new" <<END
#!/bin/sh
# Written by setup/lib/sip.sh.
export LD_LIBRARY_PATH='$libraries'
if [ "\$(id -u)" -eq 0 ]; then
    exec setpriv --reuid=$RUN_AS --regid=$RUN_AS --init-groups '$root/$3' "\$@"
fi
exec '$root/$3' "\$@"
END
    chmod 755 "$2.new"
    mv "$2.new" "$2"
}
