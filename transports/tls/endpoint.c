#include "endpoint.h"

#include <errno.h>
#include <string.h>

#include "context.h"

enum { ANY_AGAIN_MS = 1000, SAME_AGAIN_MS = 60000 };

/* ------------------------------------------------------------------ the files */

static void take_stamps(const struct tni_tls_settings *settings,
                        struct tni_tls_stamp stamps[TLS_FILES])
{
    const char *const paths[TLS_FILES] = {settings->cert, settings->key, settings->ca,
                                          settings->crl};

    for (int i = 0; i < TLS_FILES; i++)
        tni_tls_stamp_take(paths[i], &stamps[i]);
}

static int new_session(SSL *ssl, SSL_SESSION *session)
{
    struct tni_tls_endpoint *endpoint = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    tni_tls_endpoint_keep_session(endpoint, ssl, session);
    return 0;
}

static int make_context(struct tni_tls_endpoint *endpoint, const struct tni_guard *guard,
                        SSL_CTX **out_context)
{
    int rc = tni_tls_context_new(&endpoint->settings, guard, out_context);

    if (rc < 0)
        return rc;
    if (!SSL_CTX_set_app_data(*out_context, endpoint)) {
        SSL_CTX_free(*out_context);
        return endpoint->settings.host->set_error(endpoint->settings.host, -ENOMEM,
                                                  "tls: out of memory for an endpoint");
    }
    if (!endpoint->settings.is_server && endpoint->settings.resume)
        SSL_CTX_sess_set_new_cb(*out_context, new_session);
    return 0;
}

/* With new files the old session is not resumed: it was verified by the old ones. */
static void replace_context(struct tni_tls_endpoint *endpoint, SSL_CTX *context)
{
    SSL_CTX_free(endpoint->context);
    SSL_SESSION_free(endpoint->session);
    endpoint->context = context;
    endpoint->session = NULL;
}

/* Files that are being replaced one after the other may not fit together for a moment: the old ones
 * stay in use until new ones do. Under the lock. */
static void look_at_files(struct tni_tls_endpoint *endpoint, const struct tni_guard *guard)
{
    const struct tni_tls_settings *settings = &endpoint->settings;
    struct tni_tls_stamp stamps[TLS_FILES];
    SSL_CTX *context;

    if (!settings->reload)
        return;
    take_stamps(settings, stamps);
    if (memcmp(stamps, endpoint->stamps, sizeof stamps) == 0)
        return;
    memcpy(endpoint->stamps, stamps, sizeof stamps);
    if (make_context(endpoint, guard, &context) < 0) {
        tni_guard_clear(guard);
        settings->host->log(settings->host, TN_LOG_ERROR,
                            "tls: %s: the files have changed and cannot be used: %s; the old ones "
                            "stay in use until they can",
                            endpoint->address, settings->host->last_error());
        return;
    }
    replace_context(endpoint, context);
    settings->host->log(settings->host, TN_LOG_INFO,
                        "tls: %s: certificates were loaded again, for new connections",
                        endpoint->address);
}

/* ------------------------------------------------------------------ life */

static int prepare(struct tni_tls_endpoint *endpoint, const tn_setup_t *setup,
                   const tn_host_t *host, unsigned role, const char *address,
                   const struct tni_guard *guard)
{
    int rc = tni_tls_settings_read(&endpoint->settings, setup, host, role, address);

    if (rc == 0) {
        take_stamps(&endpoint->settings, endpoint->stamps);
        rc = make_context(endpoint, guard, &endpoint->context);
    }
    if (rc < 0)
        tni_tls_settings_fini(&endpoint->settings);
    return rc;
}

int tni_tls_endpoint_prepare(void *state, const tn_setup_t *setup, const tn_host_t *host,
                             unsigned role, const char *address)
{
    struct tni_tls_endpoint *endpoint = state;
    struct tni_guard guard;
    int rc;

    if (!tni_guard_enter(&guard))
        return host->set_error(host, -ECANCELED, "tls: the process is exiting");
    endpoint->address = address;
    pthread_mutex_init(&endpoint->lock, NULL);
    rc = prepare(endpoint, setup, host, role, address, &guard);
    if (rc < 0)
        pthread_mutex_destroy(&endpoint->lock);
    else if (role == TN_ROLE_CONNECT && !endpoint->settings.verify)
        host->log(host, TN_LOG_WARN,
                  "tls: %s: the server is not verified (tls.verify=0): anybody can take its place",
                  address);
    tni_guard_leave(&guard);
    return rc;
}

void tni_tls_endpoint_release(void *state)
{
    struct tni_tls_endpoint *endpoint = state;
    struct tni_guard guard;

    if (!tni_guard_enter(&guard))
        return;
    replace_context(endpoint, NULL);
    endpoint->settings.host->free(atomic_load(&endpoint->spare));
    pthread_mutex_destroy(&endpoint->lock);
    tni_tls_settings_fini(&endpoint->settings);
    tni_guard_leave(&guard);
}

/* ------------------------------------------------------------------ connections */

static bool begin_client(struct tni_tls_endpoint *endpoint, SSL *ssl)
{
    const struct tni_tls_settings *settings = &endpoint->settings;

    SSL_set_connect_state(ssl);
    if (settings->name[0] && !settings->is_number && !SSL_set_tlsext_host_name(ssl, settings->name))
        return false;
    return !endpoint->session || SSL_set_session(ssl, endpoint->session);
}

SSL *tni_tls_endpoint_connection(struct tni_tls_endpoint *endpoint, const struct tni_guard *guard)
{
    SSL *ssl;

    pthread_mutex_lock(&endpoint->lock);
    look_at_files(endpoint, guard);
    ssl = SSL_new(endpoint->context);
    if (ssl && endpoint->settings.is_server)
        SSL_set_accept_state(ssl);
    else if (ssl && !begin_client(endpoint, ssl)) {
        SSL_free(ssl);
        ssl = NULL;
    }
    pthread_mutex_unlock(&endpoint->lock);
    if (!ssl)
        endpoint->settings.host->set_error(endpoint->settings.host, -ENOMEM,
                                           "tls: out of memory for a connection");
    return ssl;
}

void tni_tls_endpoint_keep_session(struct tni_tls_endpoint *endpoint, SSL *ssl,
                                   SSL_SESSION *session)
{
    pthread_mutex_lock(&endpoint->lock);
    /* One that came over a connection with the old certificates is of no use. */
    if (SSL_get_SSL_CTX(ssl) == endpoint->context && SSL_SESSION_up_ref(session)) {
        SSL_SESSION_free(endpoint->session);
        endpoint->session = session;
    }
    pthread_mutex_unlock(&endpoint->lock);
}

/* ------------------------------------------------------------------ the log */

static unsigned long hash_of(const char *text)
{
    unsigned long hash = 5381;

    while (*text)
        hash = hash * 33 + (unsigned char)*text++;
    return hash;
}

void tni_tls_endpoint_warn(struct tni_tls_endpoint *endpoint, const char *peer,
                           const char *sentence)
{
    static const char prefix[] = "tls: ";
    const tn_host_t *host = endpoint->settings.host;
    uint64_t now = host->clock_ms();
    unsigned long hash = hash_of(sentence);
    unsigned unsaid = 0;
    bool says;

    if (strncmp(sentence, prefix, sizeof prefix - 1) == 0)
        sentence += sizeof prefix - 1;
    pthread_mutex_lock(&endpoint->lock);
    says = endpoint->said_at == 0 ||
           now - endpoint->said_at >= (hash == endpoint->said_hash ? SAME_AGAIN_MS : ANY_AGAIN_MS);
    if (says) {
        unsaid = endpoint->unsaid;
        endpoint->unsaid = 0;
        endpoint->said_at = now;
        endpoint->said_hash = hash;
    } else {
        endpoint->unsaid++;
    }
    pthread_mutex_unlock(&endpoint->lock);
    if (says && unsaid)
        host->log(host, TN_LOG_WARN,
                  "tls: %s: peer %s: %s (and %u failures since the last such line)",
                  endpoint->address, peer ? peer : "unknown", sentence, unsaid);
    else if (says)
        host->log(host, TN_LOG_WARN, "tls: %s: peer %s: %s", endpoint->address,
                  peer ? peer : "unknown", sentence);
}

/* ------------------------------------------------------------------ buffers */

unsigned char *tni_tls_endpoint_take_buffer(struct tni_tls_endpoint *endpoint)
{
    unsigned char *buffer = atomic_exchange(&endpoint->spare, NULL);

    return buffer ? buffer : endpoint->settings.host->alloc(TLS_RX_ROOM);
}

void tni_tls_endpoint_give_buffer(struct tni_tls_endpoint *endpoint, unsigned char *buffer)
{
    endpoint->settings.host->free(atomic_exchange(&endpoint->spare, buffer));
}
