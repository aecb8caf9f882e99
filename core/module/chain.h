/*
 * chain.h: from a scheme to the transport and the layers above it.
 *
 * The endpoint lookup: alias at most once, of the scheme as it was written; then each layer below by
 * the layer lookup, never aliased; each one checked against what is denied. Under the registry's
 * mutex.
 */
#ifndef TNI_CHAIN_H
#define TNI_CHAIN_H

#include "module/loader.h"

/** -TN_EMODULE, -TN_EDENIED, -EINVAL, -ENOMEM with a sentence. */
int tni_chain_resolve(struct tni_loader *loader, const char *scheme, struct tni_scheme *out_scheme);

#endif
