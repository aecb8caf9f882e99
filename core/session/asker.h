/*
 * asker.h: the thread of a context that puts questions to authenticators.
 *
 * One per context, started by its first question: hashing a password or calling the program's function
 * may take a while, and nothing else may wait for it. Questions come in order, from under reactors'
 * locks; each is put without any lock.
 */
#ifndef TNI_ASKER_H
#define TNI_ASKER_H

struct tn_ctx;
struct tn_question;
struct tni_asker;

/** Queues a question; takes a reference on success. -ENOMEM, or what the system said when it gave no
 *  thread. */
int tni_asker_push(struct tn_ctx *ctx, struct tn_question *question);

/** Ends the thread, after the question that it is putting; the others are dropped. NULL is allowed. */
void tni_asker_free(struct tni_asker *asker);

#endif
