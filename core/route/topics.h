/*
 * topics.h: a trie of topic prefixes, each with those who asked for it.
 *
 * Owned by one pattern of one socket and used under its lock. Runs of bytes without a branch are one
 * node, nothing recurses, and a failed allocation leaves the trie as it was. Whoever asks is a pointer
 * that is never looked into. pattern.h says what the functions do; these are the ones behind it.
 */
#ifndef TNI_TOPICS_H
#define TNI_TOPICS_H

#include <stddef.h>
#include <stdint.h>

#define TNI_TOPIC_MAX (1u << 20)

struct tn_topics;

/** NULL: no memory. */
struct tn_topics *tni_topics_new(void);
/** NULL is allowed. */
void tni_topics_free(struct tn_topics *topics);

/** 1: the prefix is new to the trie, 2: `who` had asked for it, 0: others had. -EMSGSIZE: longer than
 *  TNI_TOPIC_MAX; -ENOMEM. */
int tni_topics_add(struct tn_topics *topics, const void *prefix, size_t size, void *who);
/** 1: nobody wants the prefix any more, 0: somebody does. -ENOENT: `who` had not asked. */
int tni_topics_remove(struct tn_topics *topics, const void *prefix, size_t size, void *who);

/** Visits each who asked for a prefix of `data`, once. */
void tni_topics_match(struct tn_topics *topics, const void *data, size_t size,
                      void (*visit)(void *who, void *arg), void *arg);
/** 1: whoever asked for a prefix of `data` did so for one of the data of the last call of this function
 *  or of match, and the other way round. 0: not known. */
int tni_topics_again(struct tn_topics *topics, const void *data, size_t size);
int tni_topics_has_match(struct tn_topics *topics, const void *data, size_t size);

/** Removes `who` everywhere. `removed`, which may be NULL, is told each prefix it had. */
void tni_topics_forget(struct tn_topics *topics, void *who,
                       void (*removed)(const uint8_t *prefix, size_t size, int is_last, void *arg),
                       void *arg);
/** Every prefix with its number of subscriptions, in no order, until `visit` returns non-zero, which
 *  is then returned. */
int tni_topics_each(struct tn_topics *topics,
                    int (*visit)(const uint8_t *prefix, size_t size, uint32_t count, void *arg),
                    void *arg);
/** Prefixes that somebody wants. */
size_t tni_topics_count(struct tn_topics *topics);

#endif
