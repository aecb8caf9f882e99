/*
 * resolver.h: names to addresses, without making anybody wait.
 *
 * getaddrinfo blocks for as long as a name server likes, so a few helper threads call it; they are
 * made when they are first needed and end with the resolver. One resolver per context. Every function
 * may be called from any thread, except that tni_resolver_free comes once and last; none waits for a
 * name server. Not to be called in a forked child, which has no helpers. It keeps nothing: who asks
 * again gets a fresh answer.
 */
#ifndef TNI_RESOLVER_H
#define TNI_RESOLVER_H

struct addrinfo;
struct tni_resolver;
struct tni_resolution;

/**
 * The answer, on a helper thread, with no lock held. `status` 0: takes `list` (freeaddrinfo).
 * Otherwise `list` is NULL, `reason` is a sentence that is valid during the call, and `status`:
 *   -ENXIO      the name does not exist, or has no address of the family
 *   -ETIMEDOUT  the name server did not answer; later it may
 *   -EIO        the name server failed
 *   -EINVAL     the service, the family or the flags make no sense
 *   -ENOMEM, or what the system said.
 * Must not wait for a lock that a caller of tni_resolution_cancel may hold.
 */
typedef void tni_resolved_fn(void *arg, int status, const char *reason, struct addrinfo *list);

/** As getaddrinfo. */
typedef int tni_lookup_fn(const char *host, const char *service, const struct addrinfo *hints,
                          struct addrinfo **out_list);

/** NULL: no memory. Starts no thread. */
struct tni_resolver *tni_resolver_new(void);

/** For tests: what is called instead of getaddrinfo. Before the first start. */
void tni_resolver_set_lookup(struct tni_resolver *resolver, tni_lookup_fn *lookup);

/** Asks for `host`, a name or a number, and `service`, a name, a number or NULL. `family` and `flags`
 *  as the hints of getaddrinfo; stream sockets. Copies its arguments. On success `done` will be called
 *  once, unless the request is cancelled or the resolver freed before, and `*out_resolution` must be
 *  given to tni_resolution_cancel, exactly once, whatever becomes of it. `*out_resolution` is set
 *  before `done` can run.
 *  -EBUSY: 64 requests wait already; -ENOMEM; what the system said when it gave no thread. */
int tni_resolver_start(struct tni_resolver *resolver, const char *host, const char *service,
                       int family, int flags, tni_resolved_fn *done, void *arg,
                       struct tni_resolution **out_resolution);

/** Ends a request, answered or not; takes `resolution`. Afterwards `done` does not run and will not:
 *  if it is running on another thread the call waits for its end, but never for a lookup. May be
 *  called inside `done`, and after tni_resolver_free. NULL does nothing. */
void tni_resolution_cancel(struct tni_resolution *resolution);

/** Abandons all requests without calling `done`; does not wait for a lookup that is under way, whose
 *  thread ends by itself later. Not to be called inside `done`. NULL does nothing. */
void tni_resolver_free(struct tni_resolver *resolver);

#endif
