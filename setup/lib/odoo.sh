# shellcheck shell=bash
# Odoo 19: the one this machine has, else Debian's package, unpacked into the cache and not installed.
#
# Sets ODOO_PATH (a folder with the Python package `odoo`, for sys.path), ODOO_ADDONS (comma
# separated folders of standard addons) and ODOO_VERSION (what the database template is named after).

# Static files of Debian's Odoo package are links into these packages.
readonly ODOO_STATIC_PACKAGES=(libjs-jquery libjs-jquery-form libjs-underscore fonts-roboto-unhinted
    fonts-montserrat fonts-glyphicons-halflings fonts-ocr-b)
# Of these two, later versions than Debian 12's have other file names.
readonly ODOO_STATIC_PACKAGES_12=(fonts-font-awesome fonts-inconsolata)

prepare_odoo() {
    if [ -n "${ODOO_HOME:-}" ]; then
        use_odoo_of "$ODOO_HOME" ||
            die "ODOO_HOME=$ODOO_HOME does not hold Odoo 19." \
                "Point it at a folder with Odoo's sources (the one with the folder 'odoo' in it), or unset it."
    elif ! use_importable_odoo; then
        use_debian_odoo
    fi
}

# use_odoo_of FOLDER: a checkout of Odoo's sources, or a site-packages with the package in it.
use_odoo_of() {
    local folder
    folder=$(cd "$1" 2>/dev/null && pwd -P) || return 1
    grep -qE '^version_info *= *\(19, *0' "$folder/odoo/release.py" 2>/dev/null || return 1
    ODOO_PATH=$folder
    ODOO_ADDONS=$folder/odoo/addons
    if [ -d "$folder/addons/account" ]; then
        ODOO_ADDONS=$ODOO_ADDONS,$folder/addons
    elif [ ! -d "$folder/odoo/addons/account" ]; then
        return 1
    fi
    ODOO_VERSION=19.0-$(git -C "$folder" rev-parse --short HEAD 2>/dev/null || hash_of "$folder" "$(stat -c %Y "$folder/odoo/release.py")")
    say "using Odoo 19 of $folder"
}

use_importable_odoo() {
    local folder
    # From / so that a folder named odoo in the current one is not taken for it.
    folder=$(cd / && python3 -c 'import odoo.release as r, os; print(os.path.dirname(os.path.dirname(r.__file__)))' 2>/dev/null) || return 1
    # Our own, of an environment that somebody has activated, is looked at below.
    case $folder in "$CACHE"/*) return 1 ;; esac
    use_odoo_of "$folder"
}

use_debian_odoo() {
    local root=$CACHE/odoo/root
    if [ ! -f "$CACHE/odoo/version" ]; then
        unpack_debian_odoo "$root"
    fi
    ODOO_VERSION=$(cat "$CACHE/odoo/version")
    ODOO_PATH=$CACHE/odoo/path
    ODOO_ADDONS=$root/usr/lib/python3/dist-packages/odoo/addons
}

unpack_debian_odoo() {
    local root=$1 site=$1/usr/lib/python3/dist-packages
    check_space "$CACHE" 4000
    say "fetching Odoo 19 from Debian's suite sid (130 MB)"
    open_debian sid bookworm
    rm -rf "$root"
    mkdir -p "$root"
    unpack_debian "$root" odoo-19/sid "${ODOO_STATIC_PACKAGES[@]/%//sid}" "${ODOO_STATIC_PACKAGES_12[@]/%//bookworm}"

    # Not in Debian's build; without it each asset bundle logs an error, which fails browser tests.
    mkdir -p "$site/odoo/addons/mail/static/lib/selfie_segmentation"
    touch "$site/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"

    # Only the package and its metadata go on Python's path: beside them Debian leaves folders named
    # `setup`, `doc` and `addons`.
    mkdir -p "$CACHE/odoo/path"
    ln -sfn "$site/odoo" "$CACHE/odoo/path/odoo"
    ln -sfn "$site/odoo-19.0.egg-info" "$CACHE/odoo/path/odoo-19.0.egg-info"

    local deb=("$DEBIAN_HOME"/debs/odoo-19_*.deb) version
    dpkg-deb -f "${deb[0]}" Depends >"$CACHE/odoo/depends"
    version=$(dpkg-deb -f "${deb[0]}" Version)
    close_debian
    echo "$version" >"$CACHE/odoo/version"
}
