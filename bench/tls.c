/* TLS: one way, and connections, each a whole handshake with a request and its reply. The bare sockets are
 * OpenSSL by itself over them, so that "/ raw" is our share of what the machine can do. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls_peer.h"

static const struct tls_peer *const tls_peers[] = {&tls_peer_tenon, &tls_peer_openssl,
                                                   &tls_peer_nng};

static const struct tls_peer *tls_of(const struct bench_peer *peer)
{
    for (size_t i = 0; i < sizeof(tls_peers) / sizeof(*tls_peers); i++)
        if (tls_peers[i]->peer == peer)
            return tls_peers[i];
    return NULL;
}

static bool has_tls(const struct bench_peer *peer)
{
    const struct tls_peer *tls = tls_of(peer);

    return tls && (!tls->load || tls->load() == 0);
}

/* ------------------------------------------------------------------ certificates */

static void add(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

static int write_files(const struct tls_files *files, X509 *certificate, EVP_PKEY *key)
{
    char both[2 * TLS_PATH];
    const char *paths[3] = {files->cert, files->key, both};

    snprintf(both, sizeof both, "%s.both", files->key);
    for (int i = 0; i < 3; i++) {
        FILE *file = fopen(paths[i], "w");

        if (!file || chmod(paths[i], 0600) < 0)
            return -1;
        if (i != 1)
            PEM_write_X509(file, certificate);
        if (i != 0)
            PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
        fclose(file);
    }
    return 0;
}

static int make_files(struct tls_files *files, const char *directory)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    int rc;

    snprintf(files->cert, sizeof files->cert, "%s/cert.pem", directory);
    snprintf(files->key, sizeof files->key, "%s/key.pem", directory);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    add(certificate, NID_basic_constraints, "critical,CA:TRUE");
    add(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_sign(certificate, key, EVP_sha256());
    rc = write_files(files, certificate, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return rc;
}

static void remove_files(const struct tls_files *files, const char *directory)
{
    char both[2 * TLS_PATH];

    snprintf(both, sizeof both, "%s.both", files->key);
    unlink(files->cert);
    unlink(files->key);
    unlink(both);
    rmdir(directory);
}

/* ------------------------------------------------------------------ the two sides */

/* What the far side has to know. */
struct way {
    struct tls_files files;
    char address[TLS_ADDRESS];
};

/* Handshakes have no size. */
static int serve(struct bench_run *run, const struct tls_peer *tls, void *server)
{
    size_t size = run->what->size;
    double start = bench_now();

    if (size ? tls->receive(server, size, run->count + 1, &start) : tls->answer(server, run->count))
        return -1;
    run->seconds = bench_now() - start;
    run->values[0] = (double)run->count / run->seconds;
    return 0;
}

static int near(struct bench_run *run)
{
    const struct tls_peer *tls = tls_of(run->peer);
    char directory[] = "/tmp/tenon-bench-XXXXXX";
    struct way way = {0};
    void *server = NULL;
    int code = -1;

    signal(SIGPIPE, SIG_IGN); /* of those who write to sockets as to files */
    if ((tls->load && tls->load()) || !mkdtemp(directory))
        return -1;
    if (make_files(&way.files, directory) == 0)
        server = tls->server(&way.files, way.address);
    if (server && !bench_tell(run->fars[0], &way, sizeof(way)))
        code = serve(run, tls, server);
    code |= bench_release(run);
    if (server)
        tls->end(server);
    remove_files(&way.files, directory);
    return code;
}

static int far(struct bench_run *run)
{
    const struct tls_peer *tls = tls_of(run->peer);
    struct way way;
    int code;

    signal(SIGPIPE, SIG_IGN);
    if ((tls->load && tls->load()) || bench_hear(run->near, &way, sizeof(way)))
        return -1;
    code = run->what->size ? tls->send(&way.files, way.address, run->what->size, run->count + 1)
                           : tls->ask(&way.files, way.address, run->count);
    return code ? code : bench_await_release(run);
}

void bench_add_tls(struct bench_table *table)
{
    static const size_t sizes[] = {64, 1024, 65536};
    struct bench_case one = {.values = {{NULL, "msg/s", true}},
                             .fits = has_tls,
                             .is_bare = true,
                             .fars = 1,
                             .near = near,
                             .far = far};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        one.size = sizes[i];
        bench_case_add(table, &one, "tls/one-way/%zu", one.size);
    }
    one.size = 0;
    one.values[0].unit = "conn/s";
    bench_case_add(table, &one, "tls/handshakes");
}
