# Sourced by bash scripts that start long work and can be interrupted.
#
# child COMMAND... runs a command in a process group of its own and gives its exit code; a signal
# that ends the script ends that whole group first, so that no compiler or emulator goes on alone.
# shellcheck shell=bash

child_group=

child() {
    local code=0

    set -m
    "$@" &
    child_group=$!
    set +m
    wait "$child_group" || code=$?
    child_group=
    return "$code"
}

child_interrupted() {
    trap - INT TERM HUP
    if [ -n "$child_group" ]; then
        kill -TERM -- "-$child_group" 2>/dev/null || true
        # Not with wait: inside a trap that interrupted another one bash may wait for ever.
        while kill -0 -- "-$child_group" 2>/dev/null; do
            sleep 0.05
        done
    fi
    echo "interrupted" >&2
    exit "$1"
}

trap 'child_interrupted 130' INT
trap 'child_interrupted 143' TERM
trap 'child_interrupted 129' HUP
