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

# Odoo 19 is in Debian's suite "sid". It is fetched through lists of its own, so that apt neither
# upgrades nor offers anything of that suite on this machine.
unpack_debian_odoo() {
    local root=$1 apt_home=$CACHE/odoo/apt debs=$CACHE/odoo/debs
    check_space "$CACHE" 4000
    say "fetching Odoo 19 from Debian (130 MB)"
    rm -rf "$root" "$debs" "$apt_home"
    mkdir -p "$root" "$debs" "$apt_home"/{lists/partial,cache/archives/partial,none}
    find_apt_source
    write_apt_source sid bookworm >"$apt_home/debian.$APT_SOURCE_KIND"

    local apt=(env -C "$debs" "${APT[@]}"
        -o "Dir::Etc::SourceList=$apt_home/debian.$APT_SOURCE_KIND" -o "Dir::Etc::SourceParts=$apt_home/none"
        -o "Dir::Etc::Preferences=$apt_home/none" -o "Dir::Etc::PreferencesParts=$apt_home/none" -o APT::Default-Release=
        -o "Dir::State::Lists=$apt_home/lists" -o "Dir::Cache=$apt_home/cache"
        -o APT::Update::Error-Mode=any -o Acquire::Languages=none)
    run_logged odoo-apt-update "${apt[@]}" update || {
        grep -qE 'is (expired|not valid yet)' "$LOG_OF_FAILURE" &&
            # A mirror that lags behind still has what is wanted, and its signature is checked all the same.
            say "the package list is older than it should be, or this machine's clock is wrong; it is used all the same" &&
            apt+=(-o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false) &&
            run_logged odoo-apt-update "${apt[@]}" update
    } || die_of_download "could not read the package list of Debian's suite sid"
    run_logged odoo-download "${apt[@]}" download odoo-19/sid "${ODOO_STATIC_PACKAGES[@]/%//sid}" "${ODOO_STATIC_PACKAGES_12[@]/%//bookworm}" ||
        die_of_download "could not fetch Debian's package odoo-19"

    say "unpacking Odoo 19 (1.3 GB)"
    local deb
    for deb in "$debs"/*.deb; do
        run_logged odoo-unpack dpkg -x "$deb" "$root" ||
            die_of_download "could not unpack $(basename "$deb")"
    done
    local debian_odoo=("$debs"/odoo-19_*.deb) site=$root/usr/lib/python3/dist-packages
    dpkg-deb -f "${debian_odoo[0]}" Depends >"$CACHE/odoo/depends"

    # Not in Debian's build; without it each asset bundle logs an error, which fails browser tests.
    mkdir -p "$site/odoo/addons/mail/static/lib/selfie_segmentation"
    touch "$site/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"

    # Only the package and its metadata go on Python's path: beside them Debian leaves folders named
    # `setup`, `doc` and `addons`.
    mkdir -p "$CACHE/odoo/path"
    ln -sfn "$site/odoo" "$CACHE/odoo/path/odoo"
    ln -sfn "$site/odoo-19.0.egg-info" "$CACHE/odoo/path/odoo-19.0.egg-info"

    dpkg-deb -f "${debian_odoo[0]}" Version >"$CACHE/odoo/version.new"
    rm -rf "$debs" "$apt_home"
    mv "$CACHE/odoo/version.new" "$CACHE/odoo/version"
}

# write_apt_source SUITE...: this machine's own Debian source (its mirror, its keys, its options) with
# other suites. Sets nothing; APT_SOURCE_KIND tells which of apt's two file formats it is in.
write_apt_source() {
    local suites="$*" suite
    case $APT_SOURCE_KIND in
    sources)
        awk -v codename="$CODENAME" -v suites="$suites" '
            BEGIN { RS = ""; FS = "\n" }
            !done && ("\n" $0) ~ ("\nSuites:[^\n]*[ \t]" codename "([ \t]|\n|$)") && ("\n" $0) !~ /\nEnabled:[ \t]*no/ {
                for (i = 1; i <= NF; i++)
                    if ($i ~ /^Suites:/) print "Suites: " suites
                    else if ($i ~ /^Components:/) print "Components: main"
                    else if ($i ~ /^Types:/) print "Types: deb"
                    else if ($i !~ /^#/) print $i
                done = 1
            }' "$APT_SOURCE"
        ;;
    list)
        for suite in $suites; do
            awk -v codename="$CODENAME" -v suite="$suite" '
                !done && $1 == "deb" {
                    # Options stand in brackets and may hold blanks: the suite is the second word after them.
                    line = $0; options = ""
                    sub(/^[ \t]*deb[ \t]+/, "", line)
                    if (match(line, /^\[[^]]*\][ \t]*/)) { options = substr(line, 1, RLENGTH); line = substr(line, RLENGTH + 1) }
                    split(line, word, /[ \t]+/)
                    if (word[2] ~ "^" codename "$") { print "deb " options word[1] " " suite " main"; done = 1 }
                }' "$APT_SOURCE"
        done
        ;;
    esac
}

# Which of this machine's files names its Debian mirror?
find_apt_source() {
    local file
    CODENAME="($(os_release VERSION_CODENAME)|stable|oldstable)"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        APT_SOURCE=$file APT_SOURCE_KIND=${file##*.}
        if [ -n "$(write_apt_source sid)" ]; then
            return
        fi
    done
    die "no Debian mirror was found in /etc/apt/sources.list or /etc/apt/sources.list.d." \
        "Add one (see man sources.list), or set ODOO_HOME to a folder with Odoo 19's sources."
}
