# shellcheck shell=bash
# A PostgreSQL cluster of our own: on a Unix socket in a private folder, started by the first command
# that needs it and stopped by the last, however the ones in between ended.

# Two locks in the cluster's folder. "use" is held, shared, by each command for as long as it runs: the
# kernel drops it with the process, even after kill -9. "gate" is held for a moment by whoever starts or
# stops the cluster.

prepare_cluster() {
    local bin
    bin=$(postgresql_bin)
    CLUSTER=$SERVICES/postgresql-$(basename "$(dirname "$bin")")
    SOCKET=$CLUSTER/socket
    # The kernel takes at most 107 bytes for a socket's whole name.
    if [ $((${#SOCKET} + 15)) -gt 107 ]; then
        SOCKET=/tmp/telecom-billing-$(hash_of "$CLUSTER")
    fi
    create_cluster
    use_cluster
    export PGHOST=$SOCKET PGUSER=odoo PGPORT=5432
    unset PGDATABASE PGPASSWORD PGSERVICE PGDATA PGOPTIONS
}

create_cluster() {
    [ -f "$CLUSTER/created" ] && return
    check_space "$SERVICES" 1000
    say "creating a PostgreSQL cluster in $CLUSTER"
    rm -rf "$CLUSTER"
    install -d -m 700 -o "$RUN_AS" "$CLUSTER"
    LOG_OF_FAILURE=$CACHE/logs/initdb.log
    as_service initdb -D "$CLUSTER/data" -U postgres -E UTF8 --locale=C.UTF-8 --auth=trust >"$LOG_OF_FAILURE" 2>&1 ||
        die_with_log "could not create a PostgreSQL cluster."
    # Safe settings, as a bill would have them. (Databases that are only for tests give up waiting for the disk.)
    cat >>"$CLUSTER/data/postgresql.conf" <<'EOF'

listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 512MB
maintenance_work_mem = 256MB
work_mem = 32MB
effective_cache_size = 4GB
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
EOF
    touch "$CLUSTER/created"
}

use_cluster() {
    exec 8>>"$CLUSTER/gate"
    flock "$GATE_FD"
    exec 9>>"$CLUSTER/use"
    flock -s "$CLUSTER_FD"
    at_exit leave_cluster
    cluster_runs || start_cluster
    exec 8>&-
}

# A server may be there and still be busy with what a crash left.
cluster_runs() {
    forget_a_dead_server
    as_service pg_ctl -D "$CLUSTER/data" status >/dev/null 2>&1 || return 1
    for _ in {1..120}; do
        ! as_service pg_isready -q -h "$SOCKET" || return 0
        sleep 0.5
    done
    return 1
}

start_cluster() {
    say "starting PostgreSQL"
    as_service mkdir -p "$SOCKET"
    # Someone else may have made a folder of that name in /tmp first.
    as_service chmod 700 "$SOCKET" 2>/dev/null ||
        die "the folder $SOCKET belongs to somebody else." "Remove it, or set XDG_CACHE_HOME to a folder with a shorter name."
    local settings="unix_socket_directories = '${SOCKET//\'/\'\'}'"
    grep -qxF "$settings" "$CLUSTER/data/postgresql.auto.conf" ||
        printf '%s\n' "$settings" >>"$CLUSTER/data/postgresql.auto.conf"
    as_service pg_ctl -D "$CLUSTER/data" -l "$CLUSTER/server.log" -t 120 -w start >/dev/null 2>&1 7>&- 8>&- 9>&- || {
        as_service tail -n 20 "$CLUSTER/server.log" | sed 's/^/    | /' >&2
        die "PostgreSQL did not start." "Its log: $CLUSTER/server.log" \
            "If nothing else helps, remove $CLUSTER: its databases are made again."
    }
    as_service psql -q -h "$SOCKET" -U postgres -d postgres >/dev/null <<'EOF'
SELECT 'CREATE ROLE odoo LOGIN CREATEDB' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'odoo') \gexec
EOF
}

# After a power cut or kill -9 the file with the server's process id stays behind, and PostgreSQL believes
# it when that id now belongs to another program of the same user.
forget_a_dead_server() {
    local pid_file=$CLUSTER/data/postmaster.pid pid
    [ -f "$pid_file" ] || return 0
    pid=$(head -n 1 "$pid_file")
    if ! tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$CLUSTER/data"; then
        rm -f "$pid_file"
    fi
}

# Stops the cluster unless another command uses it (or TELECOM_KEEP_CLUSTER asks to leave it running).
leave_cluster() {
    exec 8>>"$CLUSTER/gate"
    flock "$GATE_FD"
    if flock -n -x "$CLUSTER_FD" && [ -z "${TELECOM_KEEP_CLUSTER:-}" ]; then
        as_service pg_ctl -D "$CLUSTER/data" -m fast -t 60 -w stop >/dev/null 2>&1
    fi
    exec 9>&- 8>&-
}
