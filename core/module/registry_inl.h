/*
 * registry_inl.h: the registry's parts, for the files that make up its interface.
 *
 * Not for the rest of the core.
 */
#ifndef TNI_REGISTRY_INL_H
#define TNI_REGISTRY_INL_H

#include <pthread.h>

#include "module/catalog.h"
#include "module/filter.h"
#include "module/loader.h"
#include "module/registry.h"
#include "module/sources.h"

struct tni_registry {
    pthread_mutex_t lock; /* around everything but `loader.instances` */
    struct tni_sites sites;
    struct tni_catalog catalog;
    struct tni_filter filter;
    struct tni_loader loader;
};

#endif
