/*
 * close.pml: who frees a pipe (progress.md, "PIPE", Close).
 *
 * One direction: the pusher's end (say, the connection) announces the pipe in the popper's queue (say,
 * S.events). Either end may close first, at any step. The queue entry lies inside the pipe, so the
 * close word has a third bit: the pipe is queued. The last of the three frees. The same holds for the
 * connection's item in R.inbox, with the ends exchanged.
 */
#ifndef RECORDS
#define RECORDS 2
#endif

#define QUEUED 1
#define PUSHER 2
#define POPPER 4

byte word;       /* one atomic: fetch_or, fetch_and */
bit queue;       /* the pipe lies in the popper's queue */
byte committed;  /* records in the pipe */
bit end;         /* the last record is END */
bit freed;
bit pusher_done, popper_closed;
#ifdef SEPARATE_FLAG
bit flag;
#endif

inline touch() { assert(!freed) }

inline free_pipe()
{
    d_step { assert(!freed); freed = 1; assert(!queue) }
}

/* deliver: commit was done; announce */
inline announce()
{
#ifdef SEPARATE_FLAG
    d_step { touch(); old = flag; flag = 1 };
#else
    d_step { touch(); old = word & QUEUED; word = word | QUEUED };
#endif
    if :: !old -> d_step { touch(); queue = 1 } :: else fi;
    old = 0
}

inline close_end(mine, other)
{
    d_step { touch(); old = word; word = word | mine };
    if
    :: (old & other) && !(old & QUEUED) -> free_pipe()
    :: else
    fi;
    old = 0
}

active proctype Pusher()
{
    byte old, left = RECORDS;

    do
    :: left > 0 && !(word & POPPER) ->
        d_step { touch(); committed++; left-- };
        announce()
    :: break /* the connection is lost, or it sees that the other end is closed */
    od;
#ifdef CLOSE_THEN_ANNOUNCE
    touch();
    end = 1;
    close_end(PUSHER, POPPER);
    announce();
#else
    touch();
    end = 1;
    announce();
    close_end(PUSHER, POPPER); /* the last touch */
#endif
    pusher_done = 1
}

active proctype Popper()
{
    byte old, taken;
    bit at_end;

    do
    :: d_step { queue -> queue = 0 };
#ifdef SEPARATE_FLAG
        d_step { touch(); flag = 0; old = word & PUSHER };
        old = 0;
#else
        d_step { touch(); old = word; word = word & ~QUEUED };
#endif
        if
        :: popper_closed ->
#ifndef SEPARATE_FLAG
            if :: old & PUSHER -> free_pipe() :: else fi;
#endif
            old = 0
        :: else ->
            old = 0;
            do
#ifdef END_AFTER_POSITION
            /* wrong: looks at the position before it looks at the delimiter */
            :: d_step { touch(); taken = committed };
                d_step { touch(); at_end = end };
#else
            :: d_step { touch(); at_end = end };
                d_step { touch(); taken = committed };
#endif
                break
            od;
            if
            :: at_end ->
                assert(taken == committed); /* nothing follows the delimiter */
                popper_closed = 1;
                close_end(POPPER, PUSHER)
            :: else
            fi
        fi
    :: !popper_closed -> /* the socket is closed, or disconnects */
        popper_closed = 1;
        close_end(POPPER, PUSHER)
    od
}

active proctype Quiet()
{
    timeout -> assert(freed && pusher_done && popper_closed) /* 9 */
}
