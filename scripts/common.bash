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

# Fills the array as_root with what makes a command root's: nothing for root, sudo where there is one. Otherwise ends
# with a sentence that a person can act on; the argument completes it.
need_root() {
    as_root=()
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null || fail "root is needed to $1, and there is no sudo here: run this again as root."
    # Asks for the password now, not in the middle.
    sudo -- true || fail "root is needed to $1, and sudo refused."
    # shellcheck disable=SC2034 # Used by the scripts that source this.
    as_root=(sudo --)
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
