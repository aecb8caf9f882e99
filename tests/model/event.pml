/*
 * event.pml: S.events and the level-triggered descriptor (progress.md, "deliver").
 *
 * Two producers, each with its own pipe, deliver to one socket. One application thread polls
 * tn_fd (made at any moment) and receives one message per wake-up; another receives without waiting,
 * now and then. Blocking waiters are in reactor.pml. A producer that sees its pipe queued already goes
 * on without announcing it again.
 */
#ifndef RECORDS
#define RECORDS 2
#endif
#ifndef STEALS
#define STEALS 2
#endif

byte pipe[2];              /* committed, not received */
bit queued[2];             /* pipe.event.queued */
bit in_events[2];          /* the pipe lies in S.events */
bit active_[2];            /* S's own list, under S.lock */
bit S_lock;
bit fd_out;                /* tn_fd was asked for */
bit fd;                    /* the eventfd's counter is not 0 */
bit polls;

inline lock_S() { atomic { !S_lock -> S_lock = 1 } }

proctype Producer(byte p; byte left)
{
    bit told;

    do
    :: left > 0 ->
        left--;
#ifdef EARLY_LOOK
        told = queued[p];
        pipe[p]++;
#else
        pipe[p]++;
        told = queued[p]; /* tni_side_is_told: most of the time this look is all */
#endif
        if
        :: told
        :: else ->
            if
            :: d_step { !queued[p] -> queued[p] = 1 };
                in_events[p] = 1;
                if :: fd_out -> fd = 1 :: else fi
            :: d_step { queued[p] -> skip }
            fi
        fi
    :: else -> break
    od
}

inline drain_one(p)
{
    if
    :: d_step { in_events[p] -> in_events[p] = 0 };
#ifdef LATE_UNQUEUE
        active_[p] = pipe[p] > 0;
        queued[p] = 0
#else
        queued[p] = 0;
        active_[p] = pipe[p] > 0
#endif
    :: else -> active_[p] = active_[p] && pipe[p] > 0
    fi
}

inline drain()
{
    drain_one(0);
    drain_one(1)
}

/* Under S.lock, last of each operation: the descriptor says no only if the condition is false. */
inline settle()
{
    drain();
    if
    :: fd_out && !(active_[0] || active_[1]) ->
        fd = 0; /* read(fd) */
#ifndef NO_RECHECK
        if :: in_events[0] || in_events[1] -> fd = 1 :: else fi
#endif
    :: else
    fi
}

inline recv()
{
    lock_S();
    drain();
    if
    :: active_[0] -> pipe[0]--
    :: active_[1] -> pipe[1]--
    :: !active_[0] && !active_[1]
    fi;
    settle();
    S_lock = 0
}

active proctype Poller()
{
    lock_S();
    fd_out = 1;
#ifndef NO_FIRST_LOOK
    drain();
    if :: active_[0] || active_[1] -> fd = 1 :: else fi;
#endif
    S_lock = 0;
    polls = 1;
    do
    :: fd -> recv()
    od
}

active proctype Stealer()
{
    byte left = STEALS;

    do :: left > 0 -> left--; recv() :: left > 0 -> break :: left == 0 -> break od
}

active proctype Quiet()
{
    timeout -> assert(polls && !fd && !pipe[0] && !pipe[1])
}

init
{
    atomic { run Producer(0, RECORDS); run Producer(1, RECORDS) }
}
