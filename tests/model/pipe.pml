/*
 * pipe.pml: one wire pipe, from a socket to a connection (progress.md, "PIPE").
 *
 * The producer appends messages of two cells, may take an uncommitted tail back, commits, and sleeps
 * at the HWM. The consumer takes a snapshot, hands it to the kernel whole or a cell at a time, may
 * lose its connection at any step (sent := keep, and the peer forgets the cut message), and frees
 * chunks. Chunks hold 3 cells, so that messages straddle them. The close word is in close.pml.
 *
 * MSGS messages, HWM, BATCH (released is published in steps of BATCH), LOSSES, ROLLBACKS.
 */
#ifndef MSGS
#define MSGS 4
#endif
#ifndef HWM
#define HWM 2
#endif
#ifndef BATCH
#define BATCH 2
#endif
#ifndef LOSSES
#define LOSSES 2
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 2
#endif

#define CHUNK 3
#define CHUNKS 4 /* MSGS * 2 / CHUNK, rounded up, and one for a tail that is taken back */
#define CELLS (CHUNK * CHUNKS)
#define chunk_of(pos) ((pos) / CHUNK)

/* ---- shared: written by the producer */
byte position, ordinal; /* the commit */
bit blocked;
byte cell[CELLS];
bit alive[CHUNKS];      /* allocated */
bit linked[CHUNKS];     /* chunk.next is set */

/* ---- shared: written by the consumer */
byte released;

bit item_queued, inbox; /* post */
bit wakeup;             /* the producer's wakefd */

/* ---- the consumer's own */
byte keep, sent, keep_ord; /* keep_ord <= messages before keep */

/* ---- the check's */
byte peer_cells;        /* of the message being received */
byte peer_msgs;         /* whole messages the peer has */
bit producer_done, producer_waits;
byte losses = LOSSES;

active proctype Producer()
{
    byte wpos, produced, rollbacks = ROLLBACKS, part;

    alive[0] = 1;
    do
    :: produced < MSGS ->
        /* full? */
        if
        :: produced - released >= HWM ->
            blocked = 1;
            if
#ifndef NO_REREAD
            :: produced - released < HWM -> blocked = 0
#endif
            :: else ->
                producer_waits = 1;
                wakeup;
                d_step { wakeup = 0; producer_waits = 0 }
            fi
        :: else ->
            assert(produced - peer_msgs < HWM); /* 8, against what was really sent */
            part = 0;
            do
            :: part < 2 ->
                if
                :: !alive[chunk_of(wpos)] ->
                    d_step {
                        alive[chunk_of(wpos)] = 1;
                        /* 9: the link is written into a chunk that the consumer still has */
                        assert(wpos == 0 || alive[chunk_of(wpos) - 1])
                    };
                    linked[chunk_of(wpos) - 1] = 1
                :: else
                fi;
                d_step {
                    assert(alive[chunk_of(wpos)]);
                    cell[wpos] = produced * 2 + part + 1;
                    wpos++;
                    part++
                }
            :: rollbacks > 0 && part > 0 ->
                /* back to the commit: chunks after the one where the commit lies are freed */
                rollbacks--;
                do
                :: part > 0 ->
                    d_step {
                        wpos--;
                        part--;
                        cell[wpos] = 0;
                        if
                        :: wpos % CHUNK == 0 && wpos > 0 ->
                            alive[chunk_of(wpos)] = 0;
                            linked[chunk_of(wpos) - 1] = 0
                        :: else
                        fi
                    }
                :: part == 0 -> break
                od
            :: part == 2 -> break
            od;
            produced++;
#ifdef ORDINAL_FIRST
            ordinal = produced;
            position = wpos;
#else
            position = wpos;
            ordinal = produced;
#endif
            if
            :: d_step { !item_queued -> item_queued = 1 }; inbox = 1
            :: d_step { item_queued -> skip }
            fi
        fi
    :: else -> break
    od;
    producer_done = 1
}

/* Tells the producer what is free again. */
inline publish(ord_)
{
    if
    :: ord_ > released && (ord_ - released >= BATCH || sent == pos) ->
#ifdef LOAD_BLOCKED_FIRST
        b = blocked;
        released = ord_;
#else
        released = ord_;
        b = blocked;
#endif
        if :: b -> blocked = 0; wakeup = 1 :: else fi;
        b = 0
    :: else
    fi;
    /* invariant 8: never more than the kernel has */
    assert(released <= peer_msgs)
}

/* Moves keep to `to_`, a message boundary, and frees the chunks before it. */
inline advance(to_)
{
    do
    :: keep < to_ ->
        keep++;
#ifdef FOLLOW_LINK
        if :: keep % CHUNK == 0 && linked[chunk_of(keep) - 1] -> alive[chunk_of(keep) - 1] = 0
        :: keep % CHUNK == 1 && keep > 1 -> alive[chunk_of(keep) - 1] = 0
        :: else
        fi
#else
        /* on to the next chunk only when the commit lies beyond: a link may be taken back */
        if :: keep % CHUNK == 1 && keep > 1 -> alive[chunk_of(keep) - 1] = 0 :: else fi
#endif
    :: else -> break
    od
}

/* One cell to the kernel; the peer checks what it gets. */
inline write_cell()
{
    assert(sent < CELLS && alive[chunk_of(sent)]);
    assert(cell[sent] == peer_msgs * 2 + peer_cells + 1); /* invariant 7 */
    sent++;
    peer_cells++;
    if :: peer_cells == 2 -> peer_cells = 0; peer_msgs++ :: else fi
}

active proctype Consumer()
{
    byte pos, ord;
    bit b, more;

    do
    :: atomic { inbox -> inbox = 0 };
#ifndef LATE_UNQUEUE
        item_queued = 0;
#endif
        do
        :: /* snapshot */
#ifdef POSITION_FIRST
            pos = position;
            ord = ordinal;
#else
            ord = ordinal;
            pos = position;
#endif
            if
            :: sent == pos ->
#ifndef NO_REFRESH
                d_step { if :: ord > keep_ord -> keep_ord = ord :: else fi };
                publish(keep_ord);
#endif
                break
            :: sent < pos ->
                if
                :: /* everything up to the snapshot is written: no walk */
                    atomic {
                        do :: sent < pos -> write_cell() :: else -> break od;
                        advance(pos);
                        if :: ord > keep_ord -> keep_ord = ord :: else fi
                    };
                    publish(keep_ord)
                :: /* partial write: walk from keep */
                    atomic {
                        write_cell();
                        if
                        :: sent % 2 == 0 -> advance(sent); keep_ord++
                        :: else
                        fi
                    };
                    publish(keep_ord)
                :: losses > 0 ->
                    d_step {
                        losses--;
#ifdef LOSS_KEEPS_SENT
                        skip;
#else
                        sent = keep;
#endif
                        peer_cells = 0
                    }
                fi
            fi
        od;
#ifdef LATE_UNQUEUE
        item_queued = 0;
#endif
        pos = 0;
        ord = 0
    od
}

active proctype Quiet()
{
    timeout ->
    assert(!producer_waits);                      /* 8: a blocked producer resumes */
    assert(producer_done && !inbox);
    assert(peer_msgs == MSGS && sent == position); /* 5, 7 */
    assert(released == MSGS || MSGS - released < BATCH)
}
