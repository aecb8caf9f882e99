/*
 * reactor.pml: who serves, who watches and who is woken (progress.md, "REACTOR").
 *
 * One reactor R of one socket S with one connection; the I/O thread T; two application threads; a
 * peer; the kernel's two epoll sets. Every atomic access of the code is one step here, so that the
 * searcher sees each interleaving that sequentially consistent atomics allow.
 *
 * Scenario, by -D (see run.sh): SEND0, RECV0, SEND1, RECV1 (messages per thread), PEER (messages from
 * the peer), EINTR (signals or deadlines that may hit a sleep), CLOSE (a third thread closes S; with CLOSE_LAST
 * only when thread 1 has finished, as if it did so itself).
 * LEASE: a waiter that leaves may have been granted a lease: E stays unarmed while nobody watches, and
 * T's tick takes the lease back; what is pending waits for that, too. While there is one, waiters sleep on
 * the connection's descriptor instead of E, as long as nothing but its being readable has to be waited for. A tick that prolongs the lease
 * changes nothing, and is left out.
 * LOOK: who is about to wait may serve once without watching.
 *
 * Mutations, each of which must be found: see run.sh.
 */
#ifndef SEND0
#define SEND0 0
#endif
#ifndef RECV0
#define RECV0 1
#endif
#ifndef SEND1
#define SEND1 0
#endif
#ifndef RECV1
#define RECV1 1
#endif
#ifndef PEER
#define PEER 2
#endif
#ifndef EINTR
#define EINTR 0
#endif

/*
 * PAUSE: the inbound pipe has a HWM of one message; a connection that meets it pauses until the
 * receiver posts.
 */

#define IO 2 /* watch: nobody, so the I/O thread; 0 and 1 are the application threads */

/* ---- the reactor */
bit lock, want; /* one word in the code: read and written together */
byte watch = IO;
bit item_queued; /* the connection's inbox item: flag ... */
bit inbox;       /* ... and whether it lies in the inbox */
bit pending;
bit run_queued, T_run; /* R's place in T.run */
bit T_asleep, kick;
#ifndef LEASED
#define LEASED 0 /* 1: it begins with a lease */
#endif
bit leased = LEASED, tick = LEASED; /* the lease; T's timer is set */
bit plain = LEASED;                 /* the connection's descriptor may be slept on */

/* ---- the connection, under `lock` */
bit c_rx;           /* an edge said IN, or the last read filled the buffer */
bit c_tx;           /* the pipe may hold something to send */
bit c_room = 1;     /* an edge said OUT, or the last write was not EAGAIN */
bit paused;         /* the inbound pipe was full; read by S too */
bit stop, stopped;  /* STOP was posted; was acted upon */
byte tx;            /* committed by S, not handed to the kernel */
byte serving;       /* threads inside serve() */

/* ---- the kernel */
bit e_ready;       /* E has an unconsumed edge */
bit armed = 1;     /* E in A, EPOLLONESHOT */
byte k_rx;         /* messages in the receive buffer */
bit k_room = 1;    /* room in the send buffer, for one message */
bit k_nospace;     /* a write met EAGAIN: an edge is owed */

/* ---- the socket */
bit S_lock;
byte pipe_in;                /* committed inbound messages, not received */
bit ev_queued, events;       /* the inbound pipe's event and S.events */
bit S_active;                /* what S knows: the pipe may be read */
bit in_waitq[2];             /* who is woken as he leaves is woken in vain */
bit changed[2];              /* S.changes is more than it was at the thread's last attempt */
bit closing;
byte pins;

/* ---- waiter records */
bit asleep[2], wakefd[2];

/* ---- the bookkeeping of the check */
bit waiting[2]; /* inside tn_recv, not returned */
bit done1;      /* thread 1 has finished */
byte eintr_left = EINTR;
byte peer_left = PEER;
bit got_rx;     /* scratch of serve(), under `lock` */

inline wake(w_)
{
    if
    :: d_step { asleep[w_] -> asleep[w_] = 0 }; wakefd[w_] = 1 /* xchg(asleep,0), write */
    :: d_step { !asleep[w_] -> skip }
    fi
}

inline wake_waitq()
{
    if :: in_waitq[0] -> wake(0) :: else fi;
    if :: in_waitq[1] -> wake(1) :: else fi
}

inline call_R()
{
    if
    :: watch == 0 -> wake(0)
    :: watch == 1 -> wake(1)
    :: watch == IO ->
        if
        :: d_step { !run_queued -> run_queued = 1 };
            T_run = 1;
            if
            :: d_step { T_asleep -> T_asleep = 0 }; kick = 1
            :: d_step { !T_asleep -> skip }
            fi
        :: d_step { run_queued -> skip }
        fi
    fi
}

/* entered := 1, or 0 when the holder will call */
inline enter()
{
    if
    :: d_step { !lock -> lock = 1; entered = 1 }
    :: d_step { lock -> skip };
        d_step {
            want = 1;
#ifndef NO_SECOND_TRY
            if :: !lock -> lock = 1; entered = 1 :: else fi
#endif
        }
    fi
}

inline leave()
{
    d_step {
        lock = 0;
        entered = 0;
#ifndef NO_WANT
        again = want;
        want = 0
#endif
    };
    d_step { if :: inbox -> again = 1 :: else fi };
#ifdef LEASE
    if
    :: pending -> if :: leased -> if :: watch != IO -> again = 1 :: else fi :: else -> again = 1 fi
    :: else
    fi;
#else
    d_step { if :: pending -> again = 1 :: else fi };
#endif
    if :: atomic { again -> again = 0 }; call_R() :: else fi
}

inline deliver()
{
    pipe_in++;
    if
    :: d_step { !ev_queued -> ev_queued = 1 }; events = 1
    :: d_step { ev_queued -> skip }
    fi;
    wake_waitq()
}

/* Under `lock`: who sleeps on the wrong descriptor is woken. */
inline note_plain()
{
#ifdef LEASE
    if
    :: leased && !paused && c_room -> plain = 1
    :: else ->
        if
        :: d_step { plain -> plain = 0 };
#ifndef LEASE_NO_PLAIN_WAKE
            if :: watch == 0 -> wake(0) :: watch == 1 -> wake(1) :: else fi
#endif
            skip
        :: d_step { !plain -> skip }
        fi
    fi
#else
    skip
#endif
}

/*
 * direct: without epoll_wait: a sender that only wants its own message out, or a waiter who sleeps on a
 * descriptor. from_plain: that was
 * seen to be readable. One message each way is the budget.
 */
inline serve(direct, from_plain)
{
    d_step {
        serving++;
        assert(serving == 1); /* invariant 1 */
        popped = inbox;
        inbox = 0;
        was_plain = from_plain && plain;
        c_rx = c_rx || was_plain
    };
    if
    :: popped ->
        d_step {
            popped = 0;
            c_tx = 1;
            paused = 0;
#ifndef LATE_UNQUEUE
            item_queued = 0;
#endif
            if :: stop -> stopped = 1 :: else fi
        }
    :: else
    fi;
    if
    :: !direct && !was_plain ->
        d_step { /* invariant 2: the only place that takes an edge */
            if
            :: e_ready -> e_ready = 0; c_rx = c_rx || k_rx > 0; c_room = c_room || k_room
            :: else
            fi
        }
    :: else
    fi;
#ifdef PAUSE
    if
    :: c_rx && pipe_in >= 1 ->
        paused = 1;
#ifndef PAUSE_NO_REREAD
        if :: pipe_in < 1 -> paused = 0 :: else fi
#endif
    :: else
    fi;
#endif
    if
    :: c_rx && !paused ->
        d_step { if :: k_rx > 0 -> k_rx--; got_rx = 1 :: else -> c_rx = 0 fi };
        if :: d_step { got_rx -> got_rx = 0 }; deliver() :: else fi
    :: else
    fi;
    if
    :: c_tx && c_room ->
        d_step {
            if
            :: tx > 0 -> if :: k_room -> k_room = 0; tx-- :: else -> k_nospace = 1; c_room = 0 fi
            :: else
            fi;
            c_tx = tx > 0
        }
    :: else
    fi;
#ifdef LATE_UNQUEUE
    item_queued = 0;
#endif
    d_step { was_plain = 0; pending = (c_rx && !paused) || (c_tx && c_room) };
    note_plain();
    serving--
}

active proctype T()
{
    bit entered, again, popped, visit, was_plain;

    do
    :: d_step { visit -> visit = 0 }; /* a reactor taken from T.run or from A */
        if
        :: watch == IO ->
            enter();
            if
            :: entered ->
                serve(0, 0);
                leave();
                visit = 1
            :: else
#ifdef ARM_AFTER_FAILED_ENTER
                -> visit = 1
#endif
            fi;
            if
            :: visit && watch == IO ->
#ifdef ARM_UNCHECKED
                armed = 1
#else
                if :: !pending -> armed = 1 :: else fi
#endif
            :: else
            fi;
            visit = 0
        :: else
        fi
    :: !visit && T_run -> T_run = 0; d_step { run_queued = 0; visit = 1 }
#ifdef LEASE
    :: d_step { !visit && tick -> tick = 0 };
#ifdef LEASE_LOOK_FIRST
        if :: watch == IO -> visit = 1 :: else fi;
        leased = 0
#else
        leased = 0;
        if :: watch == IO -> visit = 1 :: else fi
#endif
#endif
    :: !visit && !T_run && !tick ->
        T_asleep = 1;
        if
#ifndef T_NO_RECHECK
        :: T_run -> T_asleep = 0
#endif
        :: else ->
end_idle:
            kick || (armed && e_ready) || tick;
            T_asleep = 0;
            kick = 0;
            d_step { if :: armed && e_ready -> armed = 0; visit = 1 :: else fi }
        fi
    od
}

#ifdef CLOSE
#define pin() pins++
#define unpin() pins--
#else
#define pin() skip
#define unpin() skip
#endif

inline lock_S() { atomic { !S_lock -> S_lock = 1 } }

/* Under S.lock: empties S.events; S_active then says whether the condition holds. */
inline drain()
{
    if
    :: events ->
#ifndef DRAIN_UNCOUNTED
        d_step { changed[0] = 1; changed[1] = 1 };
#endif
        events = 0;
#ifdef EVENT_LATE_UNQUEUE
        S_active = pipe_in > 0;
        ev_queued = 0
#else
        ev_queued = 0;
        S_active = pipe_in > 0
#endif
    :: else -> S_active = S_active && pipe_in > 0
    fi
}

/* May the sleep begin? go := 0 when there is something to do first. */
inline recheck()
{
    go = 1;
#ifndef NO_RECHECK
#ifdef RECHECK_EVENTS_ONLY
    if :: events -> go = 0 :: else fi;
#else
    if
    :: tried && !events -> if :: changed[id] -> tried = 0 :: else fi
    :: else -> tried = 0
    fi;
    if
    :: !tried ->
        lock_S();
        drain();
        if :: S_active -> go = 0; cond = 1 :: else fi;
        S_lock = 0
    :: else -> tried = 0
    fi;
#endif
    if :: go && closing -> go = 0 :: else fi;
#ifdef SPIN_WHILE_HELD
    if :: go && won && inbox -> go = 0 :: else fi;
    if :: go && won && pending -> go = 0 :: else fi;
#else
    if :: go && won && !failed && inbox -> go = 0 :: else fi;
    if :: go && won && !failed && pending -> go = 0 :: else fi;
#endif
#ifndef NO_WANT_RECHECK
    if :: go && failed && !want -> go = 0 :: else fi; /* the holder's call has come and gone */
#endif
#endif
    skip
}

/* Before a wait, of a thread that does not watch; what it finds ends the wait before it begins. */
inline look()
{
    if
    :: watch == IO ->
        enter();
        if :: entered -> serve(0, 0); leave(); looked = 1 :: else fi
    :: skip
    fi;
    d_step { if :: looked && events -> found = 1; looked = 0 :: else fi }
}

/* out: 1 when a signal or the deadline ended it */
inline wait()
{
    in_waitq[id] = 1;
    d_step { won = watch == IO; if :: won -> watch = id :: else fi };
#ifdef LEASE
    /* The code disarms when it may be armed, and knows that only nearly. */
    if :: won -> if :: armed = 0 :: skip fi :: else fi;
    if :: won && leased -> if :: inbox || pending :: else -> unlooked = 1 fi :: else fi;
#else
    if :: won -> armed = 0 :: else fi;
#endif
#ifdef LOOK
    if :: won && looked -> if :: inbox || pending :: else -> unlooked = 1 fi :: else fi;
    looked = 0;
#endif
    do
    :: if
        :: won && !unlooked ->
            enter();
            if
            :: entered -> failed = 0; set_is_left = plain; serve(set_is_left, seen); leave()
            :: else -> failed = 1
            fi
        :: else
        fi;
        d_step { unlooked = 0; seen = 0 };
#ifdef RECHECK_EVENTS_ONLY
        lock_S();
        drain();
        if :: S_active -> S_lock = 0; break :: else -> S_lock = 0 fi;
#endif
        if :: closing -> break :: else fi;
        asleep[id] = 1;
        recheck();
        if :: go && won && plain -> on_plain = 1 :: else fi;
        if
        :: go ->
            if
            :: wakefd[id] || (won && !failed && !on_plain && e_ready)
            :: d_step { won && !failed && on_plain && k_rx -> seen = 1 }
            :: eintr_left > 0 -> d_step { eintr_left--; out = 1 }
            fi
        :: else
        fi;
        on_plain = 0;
        asleep[id] = 0;
        wakefd[id] = 0;
        if :: out -> break :: else fi;
#ifndef RECHECK_EVENTS_ONLY
        if :: cond -> break :: else fi
#endif
    od;
    in_waitq[id] = 0;
    if
    :: won ->
#ifdef LEASE
        if
        :: !leased ->
            leased = 1;
#ifndef LEASE_NO_TICK
            tick = 1
#endif
        :: skip
        fi;
        watch = IO;
        if
        :: leased -> if :: in_waitq[0] || in_waitq[1] -> armed = 1 :: else -> stays = 1 fi
        :: else -> armed = 1
        fi;
#else
        watch = IO;
#ifndef LEAVE_UNARMED
        armed = 1;
#endif
#endif
#ifndef LEAVE_NO_CALL
        if
        :: inbox -> call_R()
        :: else -> if :: !stays && pending -> call_R() :: else fi
        fi
#endif
    :: else
    fi;
    d_step { won = 0; failed = 0; go = 0; cond = 0; seen = 0; stays = 0 }
}

inline post(direct)
{
    if
    :: d_step { !item_queued -> item_queued = 1 }; inbox = 1
    :: d_step { item_queued -> skip }
    fi;
    if
    :: direct -> enter(); if :: entered -> serve(1, 0); leave() :: else fi
    :: else -> call_R()
    fi
}

/* By a thread that has the socket's lock: with nothing posted, if nobody serves. What cannot be written is
 * left as it is, and posted as ever. */
inline send_now()
{
    if
    :: d_step { !lock -> lock = 1; entered = 1 };
        d_step {
            serving++;
            assert(serving == 1);
            if
            :: c_room && tx > 0 ->
                if :: k_room -> k_room = 0; tx--; got_out = tx == 0 :: else -> k_nospace = 1 fi
            :: else
            fi;
            serving--
        };
        leave()
    :: d_step { lock -> skip }
    fi;
#ifndef SEND_NOW_NO_POST
    if :: !got_out -> post(1) :: else fi;
#endif
    got_out = 0
}

inline send()
{
    pin();
    if
    :: closing
    :: else ->
        tx++; /* append and commit */
        if :: post(1) :: post(0) :: send_now() fi
    fi;
    unpin()
}

inline recv()
{
    d_step { waiting[id] = 1; pin() };
    do
    :: lock_S();
        if
        :: closing -> S_lock = 0; break
        :: else
        fi;
        drain();
        if
        :: S_active ->
            d_step { pipe_in--; S_lock = 0 };
#ifdef PAUSE
            if :: paused -> post(0) :: else fi;
#endif
            break
        :: else -> d_step { tried = 1; changed[id] = 0; S_lock = 0 }
        fi;
#ifdef LOOK
        look();
        if :: found -> found = 0 :: else -> wait() fi;
#else
        wait();
#endif
        assert(watch != id); /* invariant 10 */
        if :: out -> break :: else fi
    od;
    out = 0;
    d_step { unpin(); waiting[id] = 0 }
}

proctype App(byte id; byte sends; byte recvs)
{
    bit entered, again, popped, won, failed, go, cond, out, stays, got_out;
    bit unlooked, on_plain, seen, was_plain, tried, looked, found, set_is_left;

    do :: sends > 0 -> send(); sends-- :: else -> break od;
    do :: recvs > 0 -> recv(); recvs-- :: else -> break od;
    if :: id == 1 -> done1 = 1 :: else fi
}

active proctype Peer()
{
end:
    do
    :: peer_left > 0 -> d_step { peer_left--; k_rx++; e_ready = 1 }
    :: !k_room ->
        d_step { k_room = 1; if :: k_nospace -> k_nospace = 0; e_ready = 1 :: else fi }
    od
}

#ifdef CLOSE
active proctype Closer()
{
    bit entered, again, popped, was_plain;

#ifdef CLOSE_LAST
    done1;
#endif
    lock_S();
    closing = 1;
    S_lock = 0;
    wake_waitq();
    pins == 0;
    assert(watch == IO && !in_waitq[0] && !in_waitq[1]);
    stop = 1;
    post(0)
}
#endif

/* Runs when nothing else can: what is then still undone would stay undone for ever. */
active proctype Quiet()
{
    timeout ->
    assert(!lock && !serving && !S_lock);
    assert(!inbox && !pending && !T_run);                   /* 3 */
    assert(watch != IO || armed);                           /* 4 */
    assert(watch == IO || waiting[watch]);                  /* 4, 10 */
    assert(peer_left == 0 && tx == 0);                      /* 5 */
    assert(!k_rx || paused && pipe_in);                     /* 8: a paused connection resumes */
    assert(!pipe_in || (!waiting[0] && !waiting[1]));       /* 6 */
    assert(!closing || (!waiting[0] && !waiting[1]));       /* 6 */
    assert(!stop || stopped)
}

init
{
    atomic { run App(0, SEND0, RECV0); run App(1, SEND1, RECV1) }
}
