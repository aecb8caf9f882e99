/*
 * rebuild.pml: subscriptions over a reconnect (progress.md, "Loss": outgoing is cleared and rebuilt).
 *
 * The application thread changes its set of two topics at any time; the session may lose its
 * connection at any step and shake hands again. Session and application meet only in the outgoing
 * pipe (position, skip_to, epoch) and in the records CONNECTION n of the incoming one.
 *
 * OPS subscribe or unsubscribe calls, CONNS connections.
 */
#ifndef OPS
#define OPS 3
#endif
#ifndef CONNS
#define CONNS 3
#endif

#define TOPICS 2
#define CELLS 24 /* OPS + CONNS * TOPICS, and room */
#define SUB 1
#define UNSUB 3 /* + topic */

/* the outgoing pipe */
byte cell[CELLS];
byte position, skip_to, epoch;
/* the incoming pipe: records CONNECTION 1..conn_committed */
byte conn_committed;
bit ev_queued, events, item_queued, inbox;

/* the check's */
bit set[TOPICS];      /* what the application wants */
bit peer[TOPICS];     /* what this connection's peer was told */
byte conn;            /* connections so far */
bit up;

inline post()
{
    if
    :: d_step { !item_queued -> item_queued = 1 }; inbox = 1
    :: d_step { item_queued -> skip }
    fi
}

/* appends privately */
inline append(what)
{
    d_step { assert(wpos < CELLS); cell[wpos] = what; wpos++ }
}

active proctype App()
{
    byte wpos, ops = OPS, t, conn_read;

    do
    :: d_step { ops > 0 -> ops--; t = 0 };
        if :: t = 0 :: t = 1 fi;
        if
        :: d_step { set[t] -> set[t] = 0 }; append(UNSUB + t)
        :: d_step { !set[t] -> set[t] = 1 }; append(SUB + t)
        fi;
        t = 0;
        position = wpos;
        post()
    :: d_step { events -> events = 0 };
        ev_queued = 0;
        do
        :: conn_read < conn_committed ->
            conn_read++;
#ifdef EPOCH_FIRST
            epoch = conn_read;
#endif
            skip_to = wpos;
            do
            :: t < TOPICS -> if :: set[t] -> append(SUB + t) :: else fi; t++
            :: else -> t = 0; break
            od;
            position = wpos;
#ifndef EPOCH_FIRST
            epoch = conn_read;
#endif
            post()
        :: else -> break
        od
    od
}

active proctype Session()
{
    byte sent, pos;
    bit hold;

    do
    :: !up && conn < CONNS -> /* a handshake has succeeded */
        d_step { conn++; up = 1; hold = 1; peer[0] = 0; peer[1] = 0 };
        conn_committed = conn;
        if
        :: d_step { !ev_queued -> ev_queued = 1 }; events = 1
        :: d_step { ev_queued -> skip }
        fi
    :: up && conn < CONNS -> up = 0 /* lost */
    :: d_step { inbox -> inbox = 0 };
        item_queued = 0;
        if
#ifdef NO_HOLD
        :: d_step { up && hold -> hold = 0 }
#else
        :: up && hold && epoch == conn ->
#ifndef NO_SKIP
            d_step { assert(skip_to >= sent); sent = skip_to };
#endif
            hold = 0
#endif
        :: else
        fi;
        pos = position;
        do
        :: up && !hold && sent < pos ->
            d_step {
                /* no subscription twice on one connection, none taken back that was not made */
                if
                :: cell[sent] >= UNSUB -> assert(peer[cell[sent] - UNSUB]); peer[cell[sent] - UNSUB] = 0
                :: else -> assert(!peer[cell[sent] - SUB]); peer[cell[sent] - SUB] = 1
                fi;
                sent++
            }
        :: up && !hold && sent < pos && conn < CONNS -> up = 0 /* lost in the middle */
        :: else -> break
        od;
        pos = 0
    od
}

active proctype Quiet()
{
    timeout ->
    assert(up && conn == CONNS && epoch == CONNS);
    assert(peer[0] == set[0] && peer[1] == set[1])
}
