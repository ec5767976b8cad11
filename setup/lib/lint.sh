# shellcheck shell=bash
# Lint: the hooks of .pre-commit-config.yaml over every file of the checkout, new ones too.

LINT_VENV=$CACHE/lint

prepare_lint() {
    export PRE_COMMIT_HOME=$CACHE/pre-commit
    # A checkout may belong to another user than the one who runs this (root, in a container).
    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$CHECKOUT
    install_packages python3 python3-venv ca-certificates git
    trust_certificates
    # Node.js from elsewhere than Debian brings npm along and conflicts with Debian's.
    command -v node >/dev/null || install_packages nodejs
    command -v npm >/dev/null || install_packages npm

    local key
    key=$(hash_of "$(/usr/bin/python3 --version)" "$(node --version)" "$(cat "$CHECKOUT/.pre-commit-config.yaml" "$CHECKOUT/setup/python/lint.txt")")
    is_done lint "$key" && return
    say "installing lint tools from PyPI and npm (1 minute)"
    if [ "$("$LINT_VENV/bin/python" --version 2>/dev/null)" != "$(/usr/bin/python3 --version)" ]; then
        rm -rf "$LINT_VENV" "$PRE_COMMIT_HOME"
        run_logged lint-venv /usr/bin/python3 -m venv "$LINT_VENV" ||
            die_of_download "could not create $LINT_VENV"
    fi
    run_logged lint-pip env PIP_DISABLE_PIP_VERSION_CHECK=1 "$LINT_VENV/bin/python" -m pip install --retries 5 \
        --requirement "$CHECKOUT/setup/python/lint.txt" ||
        die_of_download "could not install pre-commit"
    cd "$CHECKOUT"
    run_logged lint-hooks "$LINT_VENV/bin/pre-commit" install-hooks ||
        die_of_download "could not install the lint tools"
    mark_done lint "$key"
}

run_lint() {
    local files file
    cd "$CHECKOUT"
    # "--all-files" would take the files that git tracks; new ones are to be checked before they are added.
    mapfile -d '' files < <(git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
        [ ! -e "$file" ] || printf '%s\0' "$file"
    done)
    say "running lint on ${#files[@]} files"
    supervise "$LINT_VENV/bin/pre-commit" run --show-diff-on-failure --files "${files[@]}" ||
        die "lint found something." \
            "What could be mended by itself has been mended, in your files: look at it with git diff." \
            "Mend the rest, then run the same command again. (setup/test --no-lint leaves lint out.)"
}
