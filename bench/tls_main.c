/*
 * tenon-bench-tls: Tenon's tls beside OpenSSL by itself over the same kind of socket, and nng's tls.
 *
 * One way between two processes, with messages of 64 bytes to 64 KiB: messages a second, from the first
 * that was there to the last. And connections a second: each a full handshake, a request and its reply.
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls_peer.h"

extern char **environ;

enum { ROUNDS_MAX = 101, PEERS_MAX = 3 };

static const struct tls_peer *const peers[] = {
#ifdef BENCH_NNG
    &tls_peer_nng,
#endif
    &tls_peer_tenon, &tls_peer_openssl};
static const size_t peer_count = sizeof peers / sizeof *peers;

static const char help[] =
    "Usage: tenon-bench-tls [--rounds N] [--seconds S] [--only PEER]\n"
    "\n"
    "Messages a second over one connection, and connections a second, of Tenon's tls, of OpenSSL "
    "by\n"
    "itself over a socket, and of nng's tls where it was built with it: medians of N rounds (5) of "
    "about\n"
    "S seconds (1). The last column is Tenon's share of what OpenSSL does alone.\n";

double tls_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
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

/* ------------------------------------------------------------------ one run */

static const struct tls_peer *find(const char *name)
{
    for (size_t i = 0; i < peer_count; i++)
        if (strcmp(peers[i]->name, name) == 0)
            return peers[i];
    return NULL;
}

/* The client, in a process of its own: --child PEER CERT ADDRESS SIZE COUNT. */
static int child(char **arguments)
{
    const struct tls_peer *peer = find(arguments[0]);
    struct tls_files files = {0};
    size_t size = strtoul(arguments[3], NULL, 10), count = strtoul(arguments[4], NULL, 10);

    snprintf(files.cert, sizeof files.cert, "%s", arguments[1]);
    if (!peer)
        return 1;
    return (size ? peer->send(&files, arguments[2], size, count)
                 : peer->ask(&files, arguments[2], count))
               ? 1
               : 0;
}

static int start(const struct tls_peer *peer, const struct tls_files *files, char *address,
                 size_t size, size_t count, pid_t *out_pid)
{
    char program[] = "/proc/self/exe", mark[] = "--child", name[32], cert[TLS_PATH], sizes[32],
         counts[32];
    char *arguments[] = {program, mark, name, cert, address, sizes, counts, NULL};

    snprintf(name, sizeof name, "%s", peer->name);
    snprintf(cert, sizeof cert, "%s", files->cert);
    snprintf(sizes, sizeof sizes, "%zu", size);
    snprintf(counts, sizeof counts, "%zu", count);
    return posix_spawn(out_pid, program, NULL, NULL, arguments, environ);
}

/* `size` 0: connections. How many a second, or -1. */
static double run(const struct tls_peer *peer, const struct tls_files *files, size_t size,
                  size_t count)
{
    char address[TLS_ADDRESS] = "";
    double begin = tls_now(), value = -1;
    int status = 1;
    pid_t pid;
    void *server = peer->server(files, address);

    if (!server)
        return -1;
    if (start(peer, files, address, size, count, &pid) == 0) {
        begin = tls_now();
        if ((size ? peer->receive(server, size, count, &begin) : peer->answer(server, count)) == 0)
            value = (double)(size ? count - 1 : count) / (tls_now() - begin);
        waitpid(pid, &status, 0);
    }
    peer->end(server);
    return status ? -1 : value;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* A short run tells how many fill the time. */
static double measure(const struct tls_peer *peer, const struct tls_files *files, size_t size,
                      int rounds, double seconds)
{
    double values[ROUNDS_MAX];
    double rate = run(peer, files, size, size ? 2000 : 50);
    size_t count = rate > 0 ? (size_t)(rate * seconds) + 20 : 0;

    for (int i = 0; i < rounds; i++) {
        values[i] = count ? run(peer, files, size, count) : -1;
        if (values[i] < 0)
            return -1;
    }
    qsort(values, (size_t)rounds, sizeof *values, compare);
    return values[rounds / 2];
}

static int row(const char *name, const struct tls_files *files, size_t size, int rounds,
               double seconds, const char *only)
{
    double ours = 0, alone = 0;
    int status = 0;

    printf("%-22s", name);
    for (size_t i = 0; i < peer_count; i++) {
        double value = only && strcmp(only, peers[i]->name) != 0
                           ? 0
                           : measure(peers[i], files, size, rounds, seconds);

        status = value < 0 ? 1 : status;
        printf(" %12.0f", value);
        fflush(stdout);
        if (peers[i] == &tls_peer_tenon)
            ours = value;
        if (peers[i] == &tls_peer_openssl)
            alone = value;
    }
    printf(" %8.2f\n", alone > 0 ? ours / alone : 0);
    return status;
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {64, 1024, 8192, 65536};
    char directory[] = "/tmp/tenon-bench-tls-XXXXXX", name[40];
    const char *only = NULL;
    struct tls_files files;
    double seconds = 1;
    int rounds = 5, status = 0;

    signal(SIGPIPE, SIG_IGN); /* of those who write to sockets as to files */
    if (argc == 7 && strcmp(argv[1], "--child") == 0)
        return child(argv + 2);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0)
            rounds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--seconds") == 0)
            seconds = atof(argv[i + 1]);
        else if (strcmp(argv[i], "--only") == 0)
            only = argv[i + 1];
        else
            status = 2;
    }
    if (status || argc % 2 == 0 || rounds < 1 || rounds > ROUNDS_MAX || !(seconds > 0)) {
        fputs(help, argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    if (!mkdtemp(directory) || make_files(&files, directory) < 0)
        return 1;
    printf("%-22s", "a second");
    for (size_t i = 0; i < peer_count; i++)
        printf(" %12s", peers[i]->name);
    printf(" %8s\n", "share");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(name, sizeof name, "messages, %zu B", sizes[i]);
        status |= row(name, &files, sizes[i], rounds, seconds, only);
    }
    status |= row("connections", &files, 0, rounds, seconds, only);
    remove_files(&files, directory);
    return status;
}
