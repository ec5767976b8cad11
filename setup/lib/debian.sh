# shellcheck shell=bash
# Packages of Debian that are unpacked into the cache and not installed: nothing of the system changes, and
# it takes no root. They are fetched through package lists of our own, made from this machine's own Debian
# source (its mirror, its keys, its options) with other suites.

# open_debian SUITE...: reads these suites' package lists. DEBIAN is then apt-get for them.
open_debian() {
    DEBIAN_HOME=$CACHE/apt
    rm -rf "$DEBIAN_HOME"
    mkdir -p "$DEBIAN_HOME"/{lists/partial,cache/archives/partial,debs,none}
    find_apt_source
    write_apt_source "$@" >"$DEBIAN_HOME/source.$APT_SOURCE_KIND"
    DEBIAN=(env -C "$DEBIAN_HOME/debs" apt-get
        -o "Dir::Etc::SourceList=$DEBIAN_HOME/source.$APT_SOURCE_KIND" -o "Dir::Etc::SourceParts=$DEBIAN_HOME/none"
        -o "Dir::Etc::Preferences=$DEBIAN_HOME/none" -o "Dir::Etc::PreferencesParts=$DEBIAN_HOME/none"
        -o "Dir::State::Lists=$DEBIAN_HOME/lists" -o "Dir::Cache=$DEBIAN_HOME/cache" -o APT::Default-Release=
        -o APT::Update::Error-Mode=any -o Acquire::Languages=none -o Acquire::Retries=3
        # The user that apt downloads as may not write into a home.
        -o APT::Sandbox::User=root)
    run_logged debian-update "${DEBIAN[@]}" update || {
        # A mirror that lags behind still has what is wanted, and its signature is checked all the same.
        grep -qE 'is (expired|not valid yet)' "$LOG_OF_FAILURE" &&
            say "Debian's list is older than it should be, or this machine's clock is wrong; it is used all the same" &&
            DEBIAN+=(-o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false) &&
            run_logged debian-update "${DEBIAN[@]}" update
    } || die_of_download "could not read the package lists of Debian's $*"
}

# unpack_debian FOLDER PACKAGE...: adds their files to the folder, and leaves them in $DEBIAN_HOME/debs.
unpack_debian() {
    local folder=$1 deb
    shift
    run_logged debian-download "${DEBIAN[@]}" download "$@" || die_of_download "could not fetch Debian's package $1"
    for deb in "$DEBIAN_HOME"/debs/*.deb; do
        run_logged debian-unpack dpkg -x "$deb" "$folder" || die_of_download "could not unpack $(basename "$deb")"
    done
}

close_debian() {
    rm -rf "$DEBIAN_HOME"
}

# Which of this machine's files names its Debian mirror?
find_apt_source() {
    local file
    APT_SUITE="($(os_release VERSION_CODENAME)|stable|oldstable)"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        APT_SOURCE=$file APT_SOURCE_KIND=${file##*.}
        if [ -n "$(write_apt_source sid)" ]; then
            return
        fi
    done
    die "no Debian mirror was found in /etc/apt/sources.list or /etc/apt/sources.list.d." \
        "Add one: see man sources.list."
}

# write_apt_source SUITE...: the source found, with these suites in place of its own. apt has two formats.
write_apt_source() {
    local suite
    if [ "$APT_SOURCE_KIND" = sources ]; then
        awk -v own="$APT_SUITE" -v suites="$*" '
            BEGIN { RS = ""; FS = "\n" }
            done || ("\n" $0) !~ ("\nSuites:([^\n]*[ \t])?" own "([ \t]|\n|$)") || ("\n" $0) ~ /\nEnabled:[ \t]*no/ { next }
            {
                for (i = 1; i <= NF; i++)
                    if ($i ~ /^Suites:/) print "Suites: " suites
                    else if ($i ~ /^Components:/) print "Components: main"
                    else if ($i ~ /^Types:/) print "Types: deb"
                    else if ($i !~ /^#/) print $i
                done = 1
            }' "$APT_SOURCE"
        return
    fi
    for suite; do
        awk -v own="$APT_SUITE" -v suite="$suite" '
            done || $1 != "deb" { next }
            {
                # deb [OPTIONS THAT MAY HOLD BLANKS] URL SUITE COMPONENT...
                line = $0; options = ""
                sub(/^[ \t]*deb[ \t]+/, "", line)
                if (match(line, /^\[[^]]*\][ \t]*/)) {
                    options = substr(line, 1, RLENGTH)
                    line = substr(line, RLENGTH + 1)
                }
                split(line, word, /[ \t]+/)
                if (word[2] ~ "^" own "$") {
                    print "deb " options word[1] " " suite " main"
                    done = 1
                }
            }' "$APT_SOURCE"
    done
}
