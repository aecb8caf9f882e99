#include "session/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum { FIRST_BUCKETS = 16, KEY_SIZE = 16, PREFIX_SIZE = 8 };

void tni_addresses_init(struct tni_addresses *addresses, uint32_t seed, unsigned half_open_limit,
                        tni_gate_call *call)
{
    memset(addresses, 0, sizeof *addresses);
    pthread_mutex_init(&addresses->lock, NULL);
    addresses->seed = seed;
    addresses->half_open_limit = half_open_limit;
    addresses->call = call;
}

void tni_addresses_fini(struct tni_addresses *addresses)
{
    tni_free(addresses->buckets);
    pthread_mutex_destroy(&addresses->lock);
}

/* ------------------------------------------------------------------ keys */

/* Of "tcp://10.0.0.1:5555" or "tcp://[::1%eth0]:5555" the address without what surrounds it. */
static bool host_of(const char *remote, char host[INET6_ADDRSTRLEN])
{
    const char *scheme = strstr(remote, "://");
    const char *end;
    size_t size;

    remote = scheme ? scheme + 3 : remote;
    end = strrchr(remote, ':');
    if (!end)
        return false;
    if (remote[0] == '[')
        remote++;
    size = strcspn(remote, "]%");
    if (remote + size > end)
        size = (size_t)(end - remote);
    if (size >= INET6_ADDRSTRLEN)
        return false;
    memcpy(host, remote, size);
    host[size] = '\0';
    return true;
}

static bool key_of(const char *remote, uint8_t key[KEY_SIZE])
{
    static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char host[INET6_ADDRSTRLEN];

    memcpy(key, mapped, sizeof mapped);
    if (!host_of(remote, host))
        return false;
    if (inet_pton(AF_INET, host, key + sizeof mapped) == 1)
        return true;
    if (inet_pton(AF_INET6, host, key) != 1)
        return false;
    if (memcmp(key, mapped, sizeof mapped) != 0)
        memset(key + PREFIX_SIZE, 0, KEY_SIZE - PREFIX_SIZE);
    return true;
}

/* ------------------------------------------------------------------ the table, under the lock */

static struct tni_address **bucket_of(const struct tni_addresses *addresses, const uint8_t *key)
{
    uint64_t hash = addresses->seed;

    for (int i = 0; i < KEY_SIZE; i++)
        hash = (hash ^ key[i]) * 0x9e3779b97f4a7c15u ^ hash >> 29;
    return &addresses->buckets[(hash >> 32) & (addresses->bucket_count - 1)];
}

static struct tni_address **place_of(const struct tni_addresses *addresses, const uint8_t *key)
{
    struct tni_address **place = bucket_of(addresses, key);

    while (*place && memcmp((*place)->key, key, KEY_SIZE) != 0)
        place = &(*place)->next;
    return place;
}

/* Without memory the table stays as it is, only slower; but there must be one. */
static void grow(struct tni_addresses *addresses)
{
    size_t before = addresses->bucket_count;
    size_t count = before ? before * 2 : FIRST_BUCKETS;
    struct tni_address **old = addresses->buckets;
    struct tni_address **larger = tni_calloc(count, sizeof(struct tni_address *));

    if (!larger)
        return;
    addresses->buckets = larger;
    addresses->bucket_count = count;
    for (size_t i = 0; i < before; i++) {
        while (old[i]) {
            struct tni_address *address = old[i];
            struct tni_address **place = bucket_of(addresses, address->key);
            old[i] = address->next;
            address->next = *place;
            *place = address;
        }
    }
    tni_free(old);
}

static struct tni_address *find_or_make(struct tni_addresses *addresses, const uint8_t *key)
{
    struct tni_address **place;

    if (addresses->count >= addresses->bucket_count)
        grow(addresses);
    if (!addresses->buckets)
        return NULL;
    place = place_of(addresses, key);
    if (*place)
        return *place;
    *place = tni_calloc(1, sizeof **place);
    if (!*place)
        return NULL;
    memcpy((*place)->key, key, KEY_SIZE);
    tni_gate_init(&(*place)->gate, addresses->half_open_limit, addresses->call);
    addresses->count++;
    return *place;
}

/* ------------------------------------------------------------------ counting */

int tni_addresses_enter(struct tni_addresses *addresses, const char *remote,
                        struct tni_address **out_address, unsigned *out_connections)
{
    uint8_t key[KEY_SIZE];
    struct tni_address *address;

    *out_address = NULL;
    if (!key_of(remote, key))
        return 0;
    pthread_mutex_lock(&addresses->lock);
    address = find_or_make(addresses, key);
    if (address)
        *out_connections = ++address->connections;
    pthread_mutex_unlock(&addresses->lock);
    *out_address = address;
    return address ? 0 : tni_fail(-ENOMEM, "out of memory for a connection");
}

void tni_addresses_leave(struct tni_addresses *addresses, struct tni_address *address)
{
    pthread_mutex_lock(&addresses->lock);
    if (--address->connections == 0) {
        *place_of(addresses, address->key) = address->next;
        addresses->count--;
        tni_gate_fini(&address->gate);
        tni_free(address);
    }
    pthread_mutex_unlock(&addresses->lock);
}
