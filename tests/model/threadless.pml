/*
 * threadless.pml: a context with no I/O thread, so that the waiters run its loop.
 *
 * Two application threads on two sockets, each with one reactor whose connection a peer writes to.
 * Every watch stays IO. One waiter at a time runs the loop, under the try-lock loop_lock; the others
 * sleep on their wakefd, and whoever leaves the loop wakes them, for else nobody would drive. With
 * STEPPER the second thread is an event loop of the application's own: it polls tn_ctx_fd (A) and
 * calls tn_ctx_step.
 */
#ifndef PEER
#define PEER 2 /* messages, to either socket */
#endif
#ifndef SENDS
#define SENDS 1 /* deferred posts by a third thread */
#endif
#ifndef EINTR
#define EINTR 1
#endif

/* ---- the loop, T without a thread */
bit loop_lock;
bit T_asleep = 1, kick;
bit run_queued[2], T_run[2];

/* ---- the reactors */
bit lock[2], want[2];
bit item_queued[2], inbox[2];
bit e_ready[2], armed[2] = 1;
byte tx[2];

/* ---- the sockets; a pipe's records; the condition is tested under S.lock, in one step here */
byte pipe_in[2];
bit in_waitq[2]; /* S.waitq: X waits on S of its own number */
bit in_loopq[2]; /* the context's list of waiters */

/* ---- waiter records */
bit asleep[2], wakefd[2];

/* ---- the check's */
bit waiting[2], has_stepper, posting;
byte eintr_left = EINTR, k_rx[2], peer_left = PEER;

inline wake(w_)
{
    if
    :: d_step { asleep[w_] -> asleep[w_] = 0 }; wakefd[w_] = 1
    :: d_step { !asleep[w_] -> skip }
    fi
}

inline call_R(r)
{
    if
    :: d_step { !run_queued[r] -> run_queued[r] = 1 };
        T_run[r] = 1;
        if
        :: d_step { T_asleep -> T_asleep = 0 }; kick = 1
        :: d_step { !T_asleep -> skip }
        fi
    :: d_step { run_queued[r] -> skip }
    fi
}

inline enter(r)
{
    if
    :: d_step { !lock[r] -> lock[r] = 1; entered = 1 }
    :: d_step { lock[r] -> skip };
        want[r] = 1;
        d_step { if :: !lock[r] -> lock[r] = 1; entered = 1 :: else fi }
    fi
}

inline leave(r)
{
    d_step { lock[r] = 0; entered = 0 };
    d_step { again = want[r]; want[r] = 0 };
    d_step { if :: inbox[r] -> again = 1 :: else fi };
    if :: atomic { again -> again = 0 }; call_R(r) :: else fi
}

/* Reads to the end, so nothing stays pending here. */
inline serve(r)
{
    if :: d_step { inbox[r] -> inbox[r] = 0 }; d_step { item_queued[r] = 0; tx[r] = 0 } :: else fi;
    d_step { if :: e_ready[r] -> e_ready[r] = 0; got = k_rx[r]; k_rx[r] = 0 :: else fi };
    if
    :: got ->
        d_step { pipe_in[r] = pipe_in[r] + got; got = 0 };
        if :: in_waitq[r] -> wake(r) :: else fi
    :: else
    fi
}

inline visit(r)
{
    enter(r);
    if :: entered -> serve(r); leave(r); armed[r] = 1 :: else fi
}

inline run_one(r)
{
    if
    :: T_run[r] -> T_run[r] = 0; run_queued[r] = 0; visit(r)
    :: else
    fi
}

inline take_A(r)
{
    d_step { if :: armed[r] && e_ready[r] -> armed[r] = 0; readable = 1 :: else fi };
    if :: d_step { readable -> readable = 0 }; visit(r) :: else fi
}

/* One turn of the loop, under loop_lock. */
inline turn()
{
    T_asleep = 0;
    kick = 0;
    take_A(0);
    take_A(1);
    run_one(0);
    run_one(1)
}

/* Under loop_lock, before it is given back or slept on. again: T.run is not empty */
inline sleep_loop()
{
    T_asleep = 1;
    d_step { again = T_run[0] || T_run[1] }
}

#define A_READABLE (kick || (armed[0] && e_ready[0]) || (armed[1] && e_ready[1]))

inline wake_loopq()
{
#ifndef NO_HANDOVER
    if :: in_loopq[0] -> wake(0) :: else fi;
    if :: in_loopq[1] -> wake(1) :: else fi
#else
    skip
#endif
}

inline try_loop()
{
    d_step { if :: !loop_lock -> loop_lock = 1; owner = 1 :: else fi }
}

/* Gives the loop back; tn_ctx_fd and the other waiters must not miss what came meanwhile. */
inline leave_loop()
{
    sleep_loop();
#ifndef LEAVE_LOOP_NO_KICK
    if :: d_step { again -> again = 0 }; kick = 1 :: else fi;
#else
    again = 0;
#endif
    d_step { loop_lock = 0; owner = 0 };
    wake_loopq()
}

proctype App(byte id)
{
    bit entered, again, readable, owner, out;
    byte got;

    waiting[id] = 1;
    in_waitq[id] = 1;
    in_loopq[id] = 1;
    do
    :: asleep[id] = 1; /* first asleep, then the condition and the try-lock */
        if
        :: pipe_in[id] > 0 -> pipe_in[id]--; break
        :: else
        fi;
#ifdef TRY_BEFORE_ASLEEP
        asleep[id] = 0;
        try_loop();
        asleep[id] = 1;
#else
        try_loop();
#endif
        if
        :: owner ->
            sleep_loop();
            if
            :: d_step { again -> again = 0 }
            :: else ->
                if
                :: A_READABLE || wakefd[id]
                :: eintr_left > 0 -> eintr_left--; out = 1
                fi
            fi;
            asleep[id] = 0;
            wakefd[id] = 0;
            turn()
        :: else ->
            if
            :: wakefd[id]
            :: eintr_left > 0 -> eintr_left--; out = 1
            fi;
            asleep[id] = 0;
            wakefd[id] = 0
        fi;
        if :: out -> break :: else fi
    od;
    if :: owner -> leave_loop() :: else fi;
    asleep[id] = 0;
    in_waitq[id] = 0;
    in_loopq[id] = 0;
    waiting[id] = 0
}

#ifdef STEPPER
active proctype Stepper()
{
    bit entered, again, readable, owner;
    byte got;

    has_stepper = 1;
    do
    :: A_READABLE ->
        try_loop();
        if :: owner -> turn(); leave_loop() :: else fi
    od
}
#endif

active proctype Peer()
{
    do
    :: peer_left > 0 ->
        d_step { peer_left--; k_rx[0]++; e_ready[0] = 1 }
    :: peer_left > 0 ->
        d_step { peer_left--; k_rx[1]++; e_ready[1] = 1 }
    :: peer_left == 0 -> break
    od
}

active proctype Sender()
{
    byte left = SENDS;
    bit entered, again;
    byte got;

    posting = 1;
    do
    :: left > 0 ->
        d_step { left--; tx[0] = 1 };
        if
        :: d_step { !item_queued[0] -> item_queued[0] = 1 }; inbox[0] = 1
        :: d_step { item_queued[0] -> skip }
        fi;
        if
        :: call_R(0)
        :: enter(0); if :: entered -> serve(0); leave(0) :: else fi
        fi
    :: else -> break
    od;
    posting = 0
}

active proctype Quiet()
{
    timeout ->
    assert(!loop_lock || waiting[0] || waiting[1]);
    assert(!posting && !lock[0] && !lock[1]);
    assert(!waiting[0] || !pipe_in[0]); /* 6 */
    assert(!waiting[1] || !pipe_in[1]);
    /* 3, 4, 5: if anybody drives, nothing is left undone */
    assert((!waiting[0] && !waiting[1] && !has_stepper) ||
           (loop_lock || has_stepper) && !k_rx[0] && !k_rx[1] && !tx[0] && !T_run[0] && !T_run[1])
}

init
{
#ifdef STEPPER
    run App(0)
#else
    atomic { run App(0); run App(1) }
#endif
}
