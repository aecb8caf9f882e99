# plant.sh: to be sourced: make_module, and plant, by which one bug at a time is put into widget/widget.c.
# Needs $tenon, $compiler, $stage and $libdir, and the options of `tenon conform` in the array $options.

export PKG_CONFIG_PATH=$stage/$libdir/pkgconfig

make_module() {
    # shellcheck disable=SC2046 # a list of options
    "$compiler" -shared -fPIC -fvisibility=hidden -Wl,-z,nodelete $(pkg-config --cflags tenon) "$1" -o "$2/widget.so" -lpthread
}

# What `tenon new` writes passes as it stands; the report can be read by machines, too.
check_plain() {
    mkdir plain
    make_module widget/widget.c plain
    "$tenon" conform plain/widget.so "${options[@]}" || {
        echo "conform: what \`tenon new\` writes does not pass"
        exit 1
    }
    "$tenon" conform plain/widget.so "${options[@]}" --json --case "$1" | /usr/bin/python3 -c '
import json, sys
report = json.load(sys.stdin)
assert [case["verdict"] for case in report["cases"]] == ["passed"], report'
}

planted=0
finders=()
at_once=4 # what looks for a bug mostly waits

# plant CASE WORDS SCRIPT: the case that has to fail, words of what it says, and the bug as a script of sed.
plant() {
    [ $planted -lt $at_once ] || wait "${finders[planted - at_once]}"
    planted=$((planted + 1))
    find_bug "bug$planted" "$@" &
    finders+=($!)
}

# all_found LEAST: of at least so many.
all_found() {
    [ $planted -ge "$1" ] || exit 1
    local finder
    for finder in "${finders[@]}"; do
        wait "$finder"
    done
    echo "$planted bugs planted, $planted found"
}

find_bug() {
    local bug=$1 name=$2 words=$3 script=$4
    mkdir "$bug"
    sed -E "$script" widget/widget.c >"$bug/widget.c"
    ! cmp -s widget/widget.c "$bug/widget.c" || {
        echo "conform: the bug for $name is not planted: $script"
        exit 1
    }
    make_module "$bug/widget.c" "$bug"
    if "$tenon" conform "$bug/widget.so" "${options[@]}" --case "$name" >"$bug/report"; then
        echo "conform: $name does not find: $script"
        exit 1
    fi
    grep -qi -- "$words" "$bug/report" || {
        echo "conform: $name fails, but not by \"$words\":"
        cat "$bug/report"
        exit 1
    }
    echo "found by $name: $(sed -n 2p "$bug/report" | sed 's/^ *//')"
}
