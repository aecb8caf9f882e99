/*
 * resolve.h: a session's question to the resolver.
 *
 * The answer comes on a helper thread, which only leaves it in the session and announces it; the
 * transport gets it under the reactor's lock.
 */
#ifndef TNI_RESOLVE_H
#define TNI_RESOLVE_H

struct tni_session;

/** host->stream_resolve of module.h. */
int tni_session_resolve(struct tni_session *session, const char *host_name, const char *service,
                        int family, int flags);
/** Gives the answer to the bottom stream: what its `resolved` returned, or -EINPROGRESS when there is
 *  no answer. */
int tni_session_take_answer(struct tni_session *session);
/** Forgets the question and its answer. */
void tni_session_forget_question(struct tni_session *session);

#endif
