#include "message/spare.h"

#include <pthread.h>

#include "base/memory.h"

TNI_HOT_THREAD_LOCAL struct tni_spare tni_spare;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

/* Messages that the thread closes after this bring it here once more. */
static void give_up(void *record)
{
    struct tni_spare *spare = record, had = *spare;

    *spare = (struct tni_spare){.is_kept = false};
    tni_peer_info_unref_some(had.peer, had.refs);
    TNI_UNPOISON(had.memory, had.size);
    tni_free(had.memory);
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, give_up) == 0;
}

bool tni_spare_keep(void)
{
    pthread_once(&key_once, make_key);
    tni_spare.is_kept = has_key && pthread_setspecific(key, &tni_spare) == 0;
    return tni_spare.is_kept;
}

void tni_spare_change_peer(struct tn_peer_info *info)
{
    struct tni_spare *spare = &tni_spare, before = *spare;

    if (!before.is_kept && !tni_spare_keep()) {
        tni_peer_info_unref(info);
        return;
    }
    spare->peer = info;
    spare->refs = 1;
    tni_peer_info_unref_some(before.peer, before.refs);
}
