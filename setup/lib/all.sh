# shellcheck shell=bash
# Everything that the commands source, and the preparation that they share.

LIB=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=setup/lib/common.sh
. "$LIB/common.sh"
# shellcheck source=setup/lib/system.sh
. "$LIB/system.sh"
# shellcheck source=setup/lib/debian.sh
. "$LIB/debian.sh"
# shellcheck source=setup/lib/odoo.sh
. "$LIB/odoo.sh"
# shellcheck source=setup/lib/python.sh
. "$LIB/python.sh"
# shellcheck source=setup/lib/cluster.sh
. "$LIB/cluster.sh"
# shellcheck source=setup/lib/database.sh
. "$LIB/database.sh"
# shellcheck source=setup/lib/openssh.sh
. "$LIB/openssh.sh"
# shellcheck source=setup/lib/mariadb.sh
. "$LIB/mariadb.sh"
# shellcheck source=setup/lib/sip.sh
. "$LIB/sip.sh"

# From a bare machine to a Python that can import Odoo, and on to an Odoo that can be run.
prepare_python_environment() {
    install_base_packages
    prepare_odoo
    prepare_python
}

prepare_environment() {
    prepare_python_environment
    prepare_cluster
    prepare_configuration
    prepare_openssh
}
