# shellcheck shell=bash
# The machine: is it one we know, is there room, and which Debian packages are missing.

# os_release KEY: what the distribution says about itself.
os_release() {
    # shellcheck source=/dev/null
    (. /etc/os-release 2>/dev/null && echo "${!1:-}")
}

# Debian 13 has no wkhtmltopdf, which prints Odoo's PDF documents; other distributions have other packages.
check_system() {
    local id version
    id=$(os_release ID) version=$(os_release VERSION_ID)
    if [ "$id $version" != "debian 12" ]; then
        die "this is ${id:-an unknown system} ${version:-}, but the set-up knows Debian 12 (bookworm) only." \
            "Run it on such a machine, in a container, or in a root made by: debootstrap bookworm FOLDER"
    fi
}

# check_space FOLDER MEGABYTES
check_space() {
    local free
    free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
    if [ "$free" -lt "$2" ]; then
        die "too little disk space: $free MB free for $1, about $2 MB are needed." \
            "Free some, or set XDG_CACHE_HOME to a folder on a larger disk."
    fi
}

check_port() {
    if ! [[ $1 =~ ^[0-9]{4,5}$ ]] || [ "$1" -lt 1024 ] || [ "$1" -gt 65535 ]; then
        die "'$1' is not a port that can be used." "Give one from 1024 to 65535: --port 8070"
    fi
}

check_port_is_free() {
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
        die "port $1 is taken by another program." "Use another one: setup/$COMMAND --port $(($1 + 1))"
    fi
}

# as_root PROGRAM...: for what only root may do, which is installing Debian packages.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# as_service PROGRAM...: as the user who runs PostgreSQL, for short programs.
as_service() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u "$RUN_AS" -- "$@")
    else
        "$@"
    fi
}

APT_GET=(env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600
    -o Dpkg::Options::=--force-confold)
if [ "$(id -u)" -ne 0 ]; then
    APT_GET=(sudo "${APT_GET[@]}")
fi

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# die_of_download MESSAGE: after a failure of run_logged that may be due to the network, the disk or a
# certificate. These are the words of apt-get, pip and npm for that.
die_of_download() {
    local unreachable='temporary failure (in name resolution|resolving)|could not (resolve|connect)|unable to connect'
    unreachable+='|network is unreachable|no route to host|connection (timed out|refused)|newconnectionerror'
    unreachable+='|EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT'
    if grep -qiE 'no space left on device|not enough free space' "$LOG_OF_FAILURE"; then
        die_with_log "$1: the disk is full." "Free some space and run the same command again."
    fi
    if grep -qiE 'certificate verify failed|self.signed certificate|unable to get local issuer' "$LOG_OF_FAILURE"; then
        die_with_log "$1: the server's certificate is not trusted by this machine." \
            "Behind a proxy with its own authority, set PIP_CERT to that authority's file."
    fi
    if grep -qiE "$unreachable" "$LOG_OF_FAILURE"; then
        die_with_log "$1: the server could not be reached." \
            "Is the network up? Behind a proxy, set http_proxy and https_proxy (for apt: Acquire::http::Proxy)." \
            "Then run the same command again; it goes on where it stopped."
    fi
    die_with_log "$1."
}

# install_packages NAME...: installs the Debian packages that are missing, and nothing else.
install_packages() {
    local missing=() name
    for name in "$@"; do
        is_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local ask=("Ask an administrator to run: apt-get install --no-install-recommends ${missing[*]}"
        "Then run the same command again.")
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "some Debian packages are missing, and neither are you root nor is there sudo." "${ask[@]}"
        sudo -n true 2>/dev/null || sudo -v ||
            die "some Debian packages are missing, and sudo was refused." "${ask[@]}"
    fi

    say "installing Debian packages: ${missing[*]}"
    case " ${missing[*]} " in
    *" postgresql-15 "*) keep_postgresql_from_creating_a_cluster ;;
    esac
    # It may fail for some other repository of this machine, which does not matter: what follows tells.
    run_logged apt-update "${APT_GET[@]}" update || true
    run_logged apt-install "${APT_GET[@]}" install -y --no-install-recommends "${missing[@]}" || {
        # Why there is no such package is told by the update before it.
        cat "$CACHE/logs/apt-update.log" >>"$LOG_OF_FAILURE"
        die_of_download "could not install the Debian packages ${missing[*]}"
    }
}

# PostgreSQL's packages create and start a cluster of the machine's own, unless told not to; only the
# programs are wanted here. A machine that has settings for that keeps them.
keep_postgresql_from_creating_a_cluster() {
    if ! is_installed postgresql-common && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        as_root mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
}

postgresql_bin() {
    find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1
}

# What Odoo needs to run, by any of the commands.
install_base_packages() {
    local packages=(python3 python3-venv ca-certificates libmagic1 fonts-dejavu-core fonts-liberation wkhtmltopdf)
    # A machine may have another version, from PostgreSQL's own repository.
    [ -n "$(postgresql_bin)" ] || packages+=(postgresql-15)
    install_packages "${packages[@]}"
    trust_certificates
    PATH=$(postgresql_bin):$PATH
    export PATH
}

# pip and npm come with certificate authorities of their own and do not ask the machine's, which may have
# been given more of them (those of a company's proxy). Whoever has chosen some for pip keeps them.
trust_certificates() {
    local machine=/etc/ssl/certs/ca-certificates.crt chosen
    chosen=${PIP_CERT:-${REQUESTS_CA_BUNDLE:-${SSL_CERT_FILE:-}}}
    if [ -z "$chosen" ] && ! grep -qsE '^ *cert *=' /etc/pip.conf /etc/xdg/pip/pip.conf "$HOME"/.config/pip/pip.conf "$HOME"/.pip/pip.conf; then
        [ ! -f "$machine" ] || export PIP_CERT=$machine
    fi
    if [ -z "${NODE_EXTRA_CA_CERTS:-}" ]; then
        export NODE_EXTRA_CA_CERTS=${chosen:-$machine}
    fi
}

# A browser: for tests and for looking at the demo's result.
install_browser() {
    if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then
        install_packages chromium
    fi
    install_packages poppler-utils
}
