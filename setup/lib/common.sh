# shellcheck shell=bash
# What every command shares: where things are kept, how they talk, how they stop.
# Sourced by setup/demo, setup/test, setup/bench and setup/odoo; it only defines, it runs nothing.

set -euo pipefail

# Messages of apt-get and others are read below, so they must be in English; C.UTF-8 needs no package.
export LC_ALL=C.UTF-8

# A machine that runs us without a standard input may have left it closed.
[ -e /proc/self/fd/0 ] || exec </dev/null

if [ -z "${HOME:-}" ]; then
    HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
    export HOME
fi

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
case ${XDG_CACHE_HOME:-} in
/*) CACHE=$XDG_CACHE_HOME/telecom-billing ;;
*) CACHE=$HOME/.cache/telecom-billing ;;
esac

# Two things can not live in root's home: PostgreSQL and sshd refuse to run as root, and the user
# `postgres` may not enter /root. One folder for each cache, so that they never share a cluster.
if [ "$(id -u)" -eq 0 ]; then
    RUN_AS=postgres
    SERVICES=/var/cache/telecom-billing/$(printf %s "$CACHE" | sha256sum | cut -c1-8)
else
    RUN_AS=$(id -un)
    SERVICES=$CACHE/services
fi

# File descriptors of the locks. Programs that outlive us (PostgreSQL) or that run under us (Odoo)
# must not inherit them: a lock is held as long as any copy of its descriptor is open.
readonly DATABASE_FD=6 PREPARE_FD=7 GATE_FD=8 CLUSTER_FD=9

COMMAND=$(basename "$0")

# --- talking -------------------------------------------------------------------------------------

# Progress goes to stderr, so that stdout stays what the command itself prints (JSON, for one).
say() {
    printf '[%3ds] %s\n' "$SECONDS" "$*" >&2
}

# A message for the person in front of it: what happened, then what to do.
die() {
    printf '\nsetup/%s: %s\n' "$COMMAND" "$1" >&2
    shift
    if [ $# -gt 0 ]; then
        printf '  %s\n' "$@" >&2
    fi
    exit 1
}

# The comment at the top of a command is its help.
print_usage() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

# --- stopping ------------------------------------------------------------------------------------

EXIT_ACTIONS=()

at_exit() {
    EXIT_ACTIONS=("$1" "${EXIT_ACTIONS[@]}")
}

run_exit_actions() {
    local status=$? action
    trap '' INT TERM HUP
    for action in "${EXIT_ACTIONS[@]}"; do
        "$action" || true
    done
    exit "$status"
}

stop_on_signals() {
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

trap run_exit_actions EXIT
stop_on_signals

CHILD='' CHILD_SIGNAL='' ESCALATION='' INTERRUPTED=''

# Asks the running program to stop: first as Ctrl-C would (pytest and Odoo then tidy up), then harder.
stop_child() {
    CHILD_SIGNAL=$1
    # A terminal has already sent its Ctrl-C to the program too; a second one would cut its tidying short.
    # (And in `odoo shell` it does not mean "stop" at all.)
    if [ "$1" -eq 2 ] && [ -t 0 ]; then
        CHILD_SIGNAL='' INTERRUPTED=yes
        # Said in full: in a trap, "return" alone gives the status of what was interrupted, and ends us.
        return 0
    fi
    [ -z "$ESCALATION" ] || return 0
    kill -INT "$CHILD" 2>/dev/null || true
    (
        trap - EXIT INT TERM HUP
        sleep 15
        kill -TERM "$CHILD" 2>/dev/null
        sleep 15
        kill -KILL "$CHILD" 2>/dev/null
    ) 6>&- 7>&- 8>&- 9>&- &
    ESCALATION=$!
}

# Runs a program to its end, in the background of this shell: bash handles a signal only between two
# foreground programs, which may be an hour later. The program keeps our terminal and standard input.
supervise() {
    local status=0
    CHILD_SIGNAL='' ESCALATION='' INTERRUPTED=''
    trap 'stop_child 1' HUP
    trap 'stop_child 2' INT
    trap 'stop_child 15' TERM
    # bash makes background programs deaf to Ctrl-C; env undoes that.
    env --default-signal=INT,QUIT "$@" <&0 6>&- 7>&- 8>&- 9>&- &
    CHILD=$!
    # A signal cuts `wait` short; asked again after the end, it gives the program's own status.
    while kill -0 "$CHILD" 2>/dev/null; do
        wait "$CHILD" 2>/dev/null || true
    done
    wait "$CHILD" 2>/dev/null || status=$?
    if [ -n "$ESCALATION" ]; then
        kill "$ESCALATION" 2>/dev/null || true
    fi
    stop_on_signals
    if [ -n "$CHILD_SIGNAL" ]; then
        exit $((128 + CHILD_SIGNAL))
    fi
    return "$status"
}

# run_logged NAME PROGRAM...: runs a long program that nobody wants to watch. What it says is kept in the
# cache; where it fails, LOG_OF_FAILURE names that file.
run_logged() {
    local log="$CACHE/logs/$1.log" status=0
    shift
    mkdir -p "$CACHE/logs"
    supervise "$@" >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
        [ -z "$INTERRUPTED" ] || exit 130
        LOG_OF_FAILURE=$log
    fi
    return "$status"
}

# die_with_log MESSAGE ADVICE...: after a failure of run_logged.
die_with_log() {
    tail -n 25 "$LOG_OF_FAILURE" | sed 's/^/    | /' >&2
    die "$@" "All output: $LOG_OF_FAILURE"
}

# --- remembering ---------------------------------------------------------------------------------

# A step is done when its stamp holds the key it would have today: the hash of what it depends on.
is_done() {
    [ -f "$CACHE/stamps/$1" ] && [ "$(cat "$CACHE/stamps/$1")" = "$2" ]
}

mark_done() {
    mkdir -p "$CACHE/stamps"
    printf '%s' "$2" >"$CACHE/stamps/$1"
}

hash_of() {
    printf '%s\n' "$@" | sha256sum | cut -c1-10
}

# One command at a time prepares the machine; others wait here and then find it done.
begin_preparing() {
    mkdir -p "$CACHE/logs" "$SERVICES" ||
        die "can not write into $CACHE." "Set XDG_CACHE_HOME to a folder that you may write to."
    if [ "$RUN_AS" = postgres ]; then
        chmod 755 "$(dirname "$SERVICES")" "$SERVICES"
    fi
    exec 7>"$CACHE/prepare.lock"
    if ! flock -n "$PREPARE_FD"; then
        say "waiting for another setup command that is preparing this machine"
        # In short waits, so that a signal is heard.
        until flock -w 1 "$PREPARE_FD"; do :; done
    fi
}

end_preparing() {
    exec 7>&-
}
