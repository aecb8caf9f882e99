#!/bin/sh
# Searches every model exhaustively, and each wrong variant until its error is found.
#
#   run.sh [WORD]     WORD: only the lines of the table whose name contains it
#
# One line per search, "PASS name states=... time=..."; exit status 1 when a search found an error,
# did not see the whole state space, or missed the error of a wrong variant. Two searches run at a
# time, each within 3000 MB. Needs spin and a C compiler.
set -u

here=$(cd "$(dirname "$0")" && pwd)

# name | model | mode: safe = assertions at every step and at rest; loop = no cycle of steps at all,
# so nobody spins or starves, whatever the scheduler does; wrong = safe, with an error to be found;
# spins = loop, with an error to be found | -D flags
table()
{
    cat <<'END'
reactor-two-receivers|reactor|safe|-DPEER=2
reactor-two-sends|reactor|safe|-DPEER=0 -DRECV1=0 -DSEND1=2
reactor-send-receive|reactor|safe|-DPEER=1 -DRECV1=0 -DSEND1=1 -DEINTR=1
reactor-never-spins|reactor|loop|-DPEER=1 -DRECV1=0 -DSEND1=1
reactor-close-after-send|reactor|safe|-DPEER=1 -DRECV1=0 -DSEND1=1 -DCLOSE -DCLOSE_LAST
reactor-close-two-receivers|reactor|safe|-DPEER=0 -DCLOSE
reactor-close-receiver|reactor|safe|-DPEER=1 -DRECV1=0 -DEINTR=1 -DCLOSE
reactor-pause|reactor|safe|-DPEER=2 -DRECV0=2 -DRECV1=0 -DPAUSE
reactor-lease-two-receivers|reactor|safe|-DPEER=1 -DLEASE
reactor-lease-exchange|reactor|safe|-DPEER=1 -DRECV1=0 -DSEND0=1 -DEINTR=1 -DLEASE
reactor-lease-send|reactor|safe|-DPEER=0 -DRECV1=0 -DSEND1=1 -DLEASE -DLEASED=1
reactor-lease-pause|reactor|safe|-DPEER=2 -DRECV0=2 -DRECV1=0 -DPAUSE -DLEASE
reactor-lease-close|reactor|safe|-DPEER=1 -DRECV1=0 -DLEASE -DCLOSE
reactor-lease-never-spins|reactor|loop|-DPEER=1 -DRECV1=0 -DLEASE
reactor-look|reactor|safe|-DPEER=2 -DRECV1=0 -DEINTR=1 -DLOOK
reactor-look-two-receivers|reactor|safe|-DPEER=1 -DLOOK
reactor-look-send|reactor|safe|-DPEER=1 -DRECV1=0 -DSEND1=1 -DLOOK
reactor-look-pause|reactor|safe|-DPEER=2 -DRECV0=2 -DRECV1=0 -DPAUSE -DLOOK
reactor-look-close|reactor|safe|-DPEER=1 -DRECV1=0 -DCLOSE -DLOOK
reactor-look-lease|reactor|safe|-DPEER=1 -DRECV1=0 -DSEND0=1 -DLEASE -DLOOK
reactor-look-never-spins|reactor|loop|-DPEER=1 -DRECV1=0 -DLOOK
threadless-two-waiters|threadless|safe|
threadless-event-loop|threadless|safe|-DSTEPPER
threadless-never-spins|threadless|loop|-DSENDS=0
pipe|pipe|safe|
pipe-never-spins|pipe|loop|
close|close|safe|
rebuild|rebuild|safe|
event|event|safe|
event-never-spins|event|loop|
reactor-events-recheck-only|reactor|wrong|-DPEER=2 -DRECHECK_EVENTS_ONLY
reactor-no-recheck|reactor|wrong|-DPEER=1 -DNO_RECHECK
reactor-drain-uncounted|reactor|wrong|-DPEER=2 -DDRAIN_UNCOUNTED
reactor-no-want-recheck|reactor|wrong|-DPEER=1 -DRECV1=0 -DSEND1=1 -DNO_WANT_RECHECK
reactor-no-second-try|reactor|wrong|-DPEER=1 -DRECV1=0 -DSEND1=1 -DNO_SECOND_TRY
reactor-no-want|reactor|wrong|-DPEER=1 -DRECV1=0 -DSEND1=1 -DNO_WANT
reactor-send-now-no-post|reactor|wrong|-DPEER=0 -DRECV1=0 -DSEND1=1 -DSEND_NOW_NO_POST
reactor-late-unqueue|reactor|wrong|-DPEER=0 -DRECV0=0 -DRECV1=0 -DSEND1=2 -DLATE_UNQUEUE
reactor-t-no-recheck|reactor|wrong|-DPEER=0 -DRECV0=0 -DRECV1=0 -DSEND1=2 -DT_NO_RECHECK
reactor-leave-unarmed|reactor|wrong|-DPEER=2 -DRECV1=0 -DLEAVE_UNARMED
reactor-leave-no-call|reactor|wrong|-DPEER=2 -DRECV1=0 -DLEAVE_NO_CALL
reactor-pause-no-reread|reactor|wrong|-DPEER=2 -DRECV0=2 -DRECV1=0 -DPAUSE -DPAUSE_NO_REREAD
reactor-lease-no-tick|reactor|wrong|-DPEER=2 -DRECV1=0 -DLEASE -DLEASE_NO_TICK
reactor-lease-look-first|reactor|wrong|-DPEER=2 -DRECV1=0 -DLEASE -DLEASE_LOOK_FIRST
reactor-lease-no-plain-wake|reactor|wrong|-DPEER=0 -DRECV1=0 -DSEND1=2 -DLEASE -DLEASED=1 -DLEASE_NO_PLAIN_WAKE
reactor-arm-after-failed-enter|reactor|spins|-DPEER=1 -DRECV1=0 -DSEND1=1 -DARM_AFTER_FAILED_ENTER
reactor-spin-while-held|reactor|spins|-DPEER=1 -DRECV1=0 -DSEND1=1 -DSPIN_WHILE_HELD
threadless-no-handover|threadless|wrong|-DNO_HANDOVER
threadless-try-before-asleep|threadless|wrong|-DTRY_BEFORE_ASLEEP
threadless-leave-no-kick|threadless|wrong|-DSTEPPER -DLEAVE_LOOP_NO_KICK
pipe-ordinal-first|pipe|wrong|-DORDINAL_FIRST
pipe-ordinal-first-position-read-first|pipe|wrong|-DORDINAL_FIRST -DPOSITION_FIRST
pipe-position-read-first|pipe|wrong|-DPOSITION_FIRST
pipe-no-reread-after-blocked|pipe|wrong|-DNO_REREAD
pipe-blocked-before-released|pipe|wrong|-DLOAD_BLOCKED_FIRST
pipe-no-refresh|pipe|wrong|-DNO_REFRESH
pipe-follow-link|pipe|wrong|-DFOLLOW_LINK
pipe-late-unqueue|pipe|wrong|-DLATE_UNQUEUE
pipe-loss-keeps-sent|pipe|wrong|-DLOSS_KEEPS_SENT
close-separate-flag|close|wrong|-DSEPARATE_FLAG
close-then-announce|close|wrong|-DCLOSE_THEN_ANNOUNCE
close-end-after-position|close|wrong|-DEND_AFTER_POSITION
rebuild-epoch-first|rebuild|wrong|-DEPOCH_FIRST
rebuild-no-hold|rebuild|wrong|-DNO_HOLD
rebuild-no-skip|rebuild|wrong|-DNO_SKIP
event-late-unqueue|event|wrong|-DRECORDS=3 -DSTEALS=0 -DLATE_UNQUEUE
event-early-look|event|wrong|-DSTEALS=0 -DEARLY_LOOK
event-no-recheck|event|wrong|-DNO_RECHECK
event-no-first-look|event|wrong|-DNO_FIRST_LOOK
END
}

# search NAME MODEL MODE FLAGS: one line, and a file "failed" if it is not as the table says
search()
{
    name=$1 model=$2 mode=$3 flags=$4
    dir=$work/$name
    mkdir -p "$dir" && cd "$dir" || exit 1
    case $mode in
    safe | wrong) cc_flags=-DSAFETY pan_flags= ;;
    *) cc_flags='-DNP -DNOFAIR' pan_flags=-l ;;
    esac
    case $mode in
    safe | loop) cc_flags="$cc_flags -O2" ;;
    *) cc_flags="$cc_flags -O0" ;; # short searches: compiling takes longer
    esac
    # Words on purpose.
    # shellcheck disable=SC2086
    if ! { spin -a $flags "$here/$model.pml" &&
        ${CC:-cc} -w $cc_flags -DCOLLAPSE -DMEMLIM=3000 -o pan pan.c; } >build 2>&1; then
        verdict "FAIL" "does not build: $(tail -n 1 build)"
        return
    fi
    # Invalid end states (-E) are the business of the model's own process Quiet.
    timeout 900 ./pan -E -m2000000 $pan_flags >out 2>&1
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' out | head -n 1)
    error=$(sed -n 's/^pan:[0-9]*: //p' out | head -n 1)
    seconds=$(sed -n 's/^pan: elapsed time \([0-9.e+-]*\) .*/\1/p' out)
    case $mode in
    wrong | spins)
        if grep -q 'errors: [1-9]' out && ! echo "$error" | grep -q -e 'too small' -e 'MEMLIM'; then
            verdict PASS "states=$states time=${seconds}s found: $error"
        else
            verdict FAIL "states=${states:-?}: the error of this variant was not found"
        fi
        ;;
    *)
        if [ -n "$error" ]; then
            verdict FAIL "states=${states:-?}: $error"
        elif ! grep -q 'errors: 0' out || grep -q -i -e 'not completed' -e 'too small' -e 'MEMLIM bound' out; then
            verdict FAIL "states=${states:-?}: the search did not finish"
        else
            verdict PASS "states=$states time=${seconds}s"
        fi
        ;;
    esac
    rm -f pan pan.?
}

verdict()
{
    [ "$1" = PASS ] || touch "$work/failed"
    echo "$1 $name $2"
}

if [ "${1-}" = --search ]; then
    work=$2
    IFS='|' read -r name model mode flags <<END
$3
END
    search "$name" "$model" "$mode" "$flags"
    exit 0
fi

for tool in spin "${CC:-cc}"; do
    if ! command -v "$tool" >/dev/null; then
        echo "run.sh: $tool is not installed; the models need it (Debian: apt-get install spin gcc)" >&2
        exit 1
    fi
done
work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-model.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
table | grep -- "${1-}" | tr '\n' '\0' | xargs -0 -n 1 -P 2 "$0" --search "$work"
[ ! -e "$work/failed" ]
