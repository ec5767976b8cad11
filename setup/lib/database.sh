# shellcheck shell=bash
# Databases. Creating one with invoicing, sales and portal takes over a minute, so it is done once: a
# template, which is then copied. A database of Odoo has two halves: in PostgreSQL, and its attachments
# in the "filestore" folder; both are copied.

DATA=$CACHE/data

# What the addons depend on, and what a company in Spain has beside it. An addon may depend on more: that is
# then installed with it, each time; what is slow belongs here.
readonly TEMPLATE_ADDONS=(account account_edi_ubl_cii contacts l10n_es portal sale_management)

# The configuration file for this checkout; Odoo finds it through ODOO_RC, whatever the subcommand.
prepare_configuration() {
    ODOO_RC=$CACHE/odoo-$(hash_of "$CHECKOUT").conf
    export ODOO_RC
    mkdir -p "$DATA"
    cat >"$ODOO_RC.new" <<EOF
[options]
addons_path = $CHECKOUT,$ODOO_ADDONS
data_dir = $DATA
db_host = $PGHOST
db_port = $PGPORT
db_user = $PGUSER
http_interface = 127.0.0.1
limit_memory_hard = 0
limit_memory_soft = 0

[telecom]
telecom_secret_key = $(secret_key)
EOF
    mv "$ODOO_RC.new" "$ODOO_RC"
    # Odoo looks for programs (psql, wkhtmltopdf) on the path.
    export PATH=$VENV/bin:$PATH
}

# The key that passwords of SIP accounts are encrypted with, the same for all databases of this cache.
secret_key() {
    local file=$CACHE/secret-key
    if [ ! -s "$file" ]; then
        (umask 077 && head -c 32 /dev/urandom | base64 | tr '+/' '-_' >"$file.new" && mv "$file.new" "$file")
    fi
    cat "$file"
}

run_sql() {
    psql -X -q -t -A -v ON_ERROR_STOP=1 -d "$@"
}

has_database() {
    [ -n "$(run_sql postgres -c "SELECT 1 FROM pg_database WHERE datname = '$1'")" ]
}

# check_database_name NAME: it becomes part of SQL and of paths.
check_database_name() {
    [[ $1 =~ ^[a-z][a-z0-9_]{0,40}$ ]] ||
        die "'$1' can not be the name of a database." "Use lower case letters, digits and _, starting with a letter."
}

# Two commands must not build the same database. Held until the command ends.
lock_database() {
    mkdir -p "$CACHE/databases"
    exec 6>"$CACHE/databases/$1.lock"
    flock -n "$DATABASE_FD" || die "another setup command is using the database '$1'." \
        "Wait for it to end, or use another database: --db NAME"
}

drop_database() {
    run_sql postgres -c "DROP DATABASE IF EXISTS \"$1\"" 2>"$CACHE/logs/drop-database.log" ||
        die "the database '$1' is in use by another program: $(head -n 2 "$CACHE/logs/drop-database.log" | tr '\n' ' ')" \
            "Stop that program, or use another database: --db NAME"
    rm -rf "$DATA/filestore/$1"
}

# copy_database FROM TO: nobody may be connected to either.
copy_database() {
    drop_database "$2"
    run_sql postgres -c "CREATE DATABASE \"$2\" TEMPLATE \"$1\"" || die "could not copy the database '$1' to '$2'."
    # Files of the filestore never change, they are named after their content: a link is as good as a copy.
    if [ -d "$DATA/filestore/$1" ]; then
        cp -al "$DATA/filestore/$1" "$DATA/filestore/$2"
    fi
}

# For databases whose loss does not matter: PostgreSQL need not wait for the disk at each commit.
relax_database() {
    run_sql postgres -c "ALTER DATABASE \"$1\" SET synchronous_commit = off"
}

template_key() {
    hash_of "$ODOO_VERSION" "${TEMPLATE_ADDONS[*]}" "$(declare -f fill_template)" "$(cat "$CHECKOUT/setup/lib/template.py")"
}

# Sets TEMPLATE. Its company is Spanish and its languages are English and Spanish.
prepare_template() {
    TEMPLATE=template_$(template_key)
    has_database "$TEMPLATE" && return
    check_space "$SERVICES" 1000
    say "creating a database to copy from: Odoo with invoicing, sales and portal (2 minutes)"
    local draft=${TEMPLATE}_draft
    drop_database "$draft"
    run_sql postgres -c "CREATE DATABASE \"$draft\" ENCODING 'UTF8' TEMPLATE template0"
    relax_database "$draft"
    fill_template "$draft" || die_with_log "could not create the database to copy from."
    rm -rf "$DATA/filestore/$TEMPLATE"
    mv "$DATA/filestore/$draft" "$DATA/filestore/$TEMPLATE"
    run_sql postgres -c "ALTER DATABASE \"$draft\" RENAME TO \"$TEMPLATE\""
    drop_old_templates
}

# The company's country decides which chart of accounts the invoicing addon loads, so it comes first.
fill_template() {
    local options=(--stop-after-init --max-cron-threads=0)
    run_logged template-base odoo -d "$1" -i base --load-language=en_US,es_ES "${options[@]}" &&
        run_logged template-company odoo shell -d "$1" --no-http <"$CHECKOUT/setup/lib/template.py" &&
        run_logged template-addons odoo -d "$1" -i "$(joined "${TEMPLATE_ADDONS[@]}")" "${options[@]}"
}

# Keep the last few, for branches.
drop_old_templates() {
    local name
    for name in $(run_sql postgres -c "SELECT datname FROM pg_database WHERE datname LIKE 'template\_%' ORDER BY oid DESC OFFSET 3"); do
        drop_database "$name"
    done
}

installable_addons() {
    python3 "$CHECKOUT/setup/lib/manifests.py"
}

joined() {
    local IFS=,
    echo "$*"
}

# create_database NAME ADDON...: a copy of the template with these addons.
create_database() {
    copy_database "$TEMPLATE" "$1"
    install_addons "$@"
}

# The same with the addons' demo data, but not Odoo's own: Odoo installs that of an addon where all that it
# depends on has it, so the template's addons are noted as if they had.
create_database_with_demo_data() {
    copy_database "$TEMPLATE" "$1"
    run_sql "$1" -c "UPDATE ir_module_module SET demo = true WHERE state = 'installed'"
    install_addons "$@"
}

install_addons() {
    local name=$1 addons
    shift
    addons=$(joined "$@")
    [ -n "$addons" ] || return 0
    say "installing ${addons//,/, } in the database '$name'"
    run_logged "install-$name" odoo -d "$name" -i "$addons" --stop-after-init --max-cron-threads=0 ||
        die_with_log "could not install the addons."
}

# update_database NAME ADDON...: brings the addons of an existing database up to date.
update_database() {
    local name=$1 addons
    shift
    addons=$(joined "$@")
    say "updating ${addons//,/, } in the database '$name'"
    run_logged "install-$name" odoo -d "$name" -i "$addons" -u "$addons" --stop-after-init --max-cron-threads=0 ||
        die_with_log "could not update the addons." "Without --keep the database is made anew."
}

# What Odoo warned of while it installed or updated the addons: mistakes in data and models that stop nothing.
show_install_warnings() {
    grep -hE '^[0-9-]+ [0-9:,]+ [0-9]+ (WARNING|ERROR|CRITICAL) ' "$CACHE/logs/install-$1.log"
}
