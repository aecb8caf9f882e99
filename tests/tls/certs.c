#include "certs.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { DAY = 86400 };

struct recipe {
    const char *name, *common, *alternative, *issuer; /* issuer NULL: itself */
    long from, to; /* seconds from now */
    bool is_authority;
};

static const char server_names[] = "DNS:localhost,IP:127.0.0.1,IP:::1";
static const struct recipe recipes[] = {
    {"ca", "test authority", NULL, NULL, -DAY, 9 * DAY, true},
    {"other", "other authority", NULL, NULL, -DAY, 9 * DAY, true},
    {"inter", "intermediate", NULL, "ca", -DAY, 9 * DAY, true},
    {"server", "server", server_names, "ca", -DAY, 9 * DAY, false},
    {"client", "alice", "URI:spiffe://test/alice,email:a@b.test", "ca", -DAY, 9 * DAY, false},
    {"stranger", "mallory", NULL, "other", -DAY, 9 * DAY, false},
    {"expired", "expired", server_names, "ca", -9 * DAY, -DAY, false},
    {"future", "future", server_names, "ca", DAY, 9 * DAY, false},
    {"wronghost", "wronghost", "DNS:elsewhere.test", "ca", -DAY, 9 * DAY, false},
    {"revoked", "revoked", server_names, "ca", -DAY, 9 * DAY, false},
    {"leaf", "leaf", server_names, "inter", -DAY, 9 * DAY, false},
    {"lone", "lone", server_names, NULL, -DAY, 9 * DAY, false},
};

static char directory[] = "/tmp/tenon-tls-XXXXXX";
static long next_serial = 1000;

static void need(const void *thing, const char *what)
{
    if (thing)
        return;
    fprintf(stderr, "certs: %s\n", what);
    exit(1);
}

const char *certs_directory(void)
{
    return directory;
}

const char *certs_path(const char *file)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", directory, file);
    return path;
}

static const char *path_of(const char *name, const char *ending)
{
    char file[64];

    snprintf(file, sizeof file, "%s.%s", name, ending);
    return certs_path(file);
}

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);

    need(file, path);
    return file;
}

static X509 *load_certificate(const char *name)
{
    FILE *file = open_file(path_of(name, "pem"), "r");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);

    fclose(file);
    need(certificate, name);
    return certificate;
}

static EVP_PKEY *load_key(const char *name)
{
    FILE *file = open_file(path_of(name, "key"), "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);

    fclose(file);
    need(key, name);
    return key;
}

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    need(extension, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/* Replaces the file in one step, as an administrator should. */
static void write_pem(const char *name, const char *ending, X509 *certificate, X509 *chain,
                      EVP_PKEY *key)
{
    const char *path = path_of(name, ending), *draft = path_of(name, "new");
    FILE *file = open_file(draft, "w");

    chmod(draft, key ? 0600 : 0644);
    if (certificate)
        PEM_write_X509(file, certificate);
    if (chain)
        PEM_write_X509(file, chain);
    if (key)
        PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    rename(draft, path);
}

static void make(const struct recipe *recipe)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *issuer_key = recipe->issuer ? load_key(recipe->issuer) : key;
    X509 *certificate = X509_new();
    X509 *issuer = recipe->issuer ? load_certificate(recipe->issuer) : certificate;
    X509_NAME *subject;

    need(key, "no key");
    need(certificate, "no memory");
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), next_serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), recipe->from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), recipe->to);
    X509_set_pubkey(certificate, key);
    subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"Test", -1, -1,
                               0);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)recipe->common,
                               -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    extend(certificate, issuer, NID_basic_constraints,
           recipe->is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    extend(certificate, issuer, NID_subject_key_identifier, "hash");
    if (recipe->is_authority)
        extend(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (recipe->alternative)
        extend(certificate, issuer, NID_subject_alt_name, recipe->alternative);
    need(X509_sign(certificate, issuer_key, EVP_sha256()) ? recipe : NULL, "cannot sign");
    write_pem(recipe->name, "key", NULL, NULL, key);
    write_pem(recipe->name, "pem", certificate,
              recipe->issuer && strcmp(recipe->issuer, "inter") == 0 ? issuer : NULL, NULL);
    if (recipe->issuer) {
        X509_free(issuer);
        EVP_PKEY_free(issuer_key);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void make_revocations(void)
{
    X509 *issuer = load_certificate("ca"), *revoked = load_certificate("revoked");
    EVP_PKEY *key = load_key("ca");
    X509_CRL *list = X509_CRL_new();
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -DAY), *later = X509_gmtime_adj(NULL, DAY);
    FILE *file = open_file(certs_path("ca.crl"), "w");

    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer));
    X509_CRL_set1_lastUpdate(list, now);
    X509_CRL_set1_nextUpdate(list, later);
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked));
    X509_REVOKED_set_revocationDate(entry, now);
    X509_CRL_add0_revoked(list, entry);
    X509_CRL_sort(list);
    X509_CRL_sign(list, key, EVP_sha256());
    PEM_write_X509_CRL(file, list);
    fclose(file);
    ASN1_TIME_free(now);
    ASN1_TIME_free(later);
    X509_CRL_free(list);
    EVP_PKEY_free(key);
    X509_free(issuer);
    X509_free(revoked);
}

void certs_renew(const char *name)
{
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
        if (strcmp(recipes[i].name, name) == 0)
            make(&recipes[i]);
}

void certs_begin(void)
{
    need(mkdtemp(directory), "no directory");
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
        make(&recipes[i]);
    make_revocations();
}

void certs_end(void)
{
    DIR *all = opendir(directory);
    struct dirent *entry;
    char path[512];

    while (all && (entry = readdir(all))) {
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        unlink(path);
    }
    if (all)
        closedir(all);
    rmdir(directory);
}

char *certs_text(const char *file)
{
    FILE *in = open_file(certs_path(file), "r");
    char *text = calloc(1, 65536);

    need(text, "no memory");
    need(fread(text, 1, 65535, in) > 0 ? text : NULL, file);
    fclose(in);
    return text;
}

const char *certs_pin(const char *name)
{
    static char pin[64];
    unsigned char digest[32], *bytes = NULL;
    X509 *certificate = load_certificate(name);
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes);

    EVP_Digest(bytes, (size_t)size, digest, NULL, EVP_sha256(), NULL);
    strcpy(pin, "sha256//");
    EVP_EncodeBlock((unsigned char *)pin + 8, digest, sizeof digest);
    OPENSSL_free(bytes);
    X509_free(certificate);
    return pin;
}

const char *certs_fingerprint(const char *name)
{
    static char text[65];
    unsigned char digest[32];
    X509 *certificate = load_certificate(name);

    X509_digest(certificate, EVP_sha256(), digest, NULL);
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    X509_free(certificate);
    return text;
}
