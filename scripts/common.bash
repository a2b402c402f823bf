# Sourced by the scripts beside it: where the project is, how to speak, how to become root.
# shellcheck shell=bash

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export project

say() {
    printf '%s\n' "$*"
}

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Runs a command as root: directly, or through sudo where there is one. The first argument says what root is
# needed for, so that the refusal is a sentence that a person can act on.
as_root() {
    local what=$1
    shift
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        fail "root is needed to $what, and there is no sudo here: run this again as root."
    fi
}

# Runs a command with its output in a log file; shows the end of the log only when the command failed.
logged() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 40 "$log" >&2
        fail "failed: $* (whole output: $log)"
    fi
}
