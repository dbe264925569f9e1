# shellcheck shell=bash
# What the scripts share. Sourced: sets `root`, the project's folder, and goes there.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit
logs=build/logs

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# need_root WHY
need_root() {
    ((EUID == 0)) || fail "$0 needs root: $1." "Become root: sudo $0"
}

# step NAME LABEL COMMAND...: runs the command with its output in build/logs/NAME.log, says every 15 s how far
# it is, and shows the output where it fails. An interrupted script ends the command and all that it started.
step() {
    local log=$logs/$1.log label=$2 pid ticks=0 status=0
    shift 2
    mkdir -p "$logs"
    printf '%s ...\n' "$label"
    set -m
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    set +m
    # shellcheck disable=SC2064
    trap "kill -- -$pid; exit 130" INT TERM HUP
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        ((++ticks % 75)) || printf '  %d s: %s\n' $((ticks / 5)) "$(tail -n 1 "$log" | cut -c 1-100)"
    done
    wait "$pid" || status=$?
    trap - INT TERM HUP
    ((status == 0)) || fail_step "$label" "$log" "$status"
}

fail_step() {
    cat "$2" >&2
    fail "$1: failed with status $3. The output above is in $root/$2."
}

# build PRESET [TARGET...]: all targets where none is named.
build() {
    local preset=$1
    shift
    step "configure-$preset" "Configuring build/$preset" cmake --preset "$preset"
    step "build-$preset" "Building build/$preset" cmake --build --preset "$preset" ${1:+--target "$@"}
}
