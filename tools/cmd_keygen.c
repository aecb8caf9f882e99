#include "cmd_keygen.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keygen.h"
#include "usage.h"

enum { PATH_ROOM = 4096, DAYS = 30, DAYS_MAX = 3650 };

static const char help[] =
    "Usage: tenon keygen [OPTION...]\n"
    "\n"
    "Makes a key pair for CURVE, in Z85, or a certificate that signs itself, for trying things "
    "out.\n"
    "\n"
    "  -o, --output NAME        write NAME.pub and NAME.key, or NAME.crt and NAME.key, instead of\n"
    "                           standard output; files that exist are not touched\n"
    "      --certificate HOST   a certificate for a host name or an IP address, and its key, in "
    "files\n"
    "                           (default NAME: HOST)\n"
    "      --days N             how long it is valid (30)\n"
    "  -h, --help               this text\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n"
    "\n"
    "  tenon keygen\n"
    "  tenon keygen --output server\n"
    "  tenon keygen --certificate localhost\n";

static bool write_path(char out[PATH_ROOM], const char *name, const char *suffix)
{
    return snprintf(out, PATH_ROOM, "%s%s", name, suffix) < PATH_ROOM;
}

/* A new file, whose secret nobody else may read. */
static FILE *create(const char *name, const char *suffix, mode_t mode)
{
    char path[PATH_ROOM];
    FILE *file;
    int fd;

    if (!write_path(path, name, suffix)) {
        tool_error("keygen", "the name \"%.40s...\" is too long", name);
        return NULL;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        tool_error("keygen", "%s: %s", path, strerror(errno));
        return NULL;
    }
    file = fdopen(fd, "w");
    if (!file) {
        tool_error("keygen", "%s: %s", path, strerror(errno));
        close(fd);
        unlink(path);
    }
    return file;
}

/* What was made in vain would be in the way of the next attempt. */
static void remove_file(FILE *file, const char *name, const char *suffix)
{
    char path[PATH_ROOM];

    if (file && write_path(path, name, suffix))
        unlink(path);
}

static int close_both(FILE *a, FILE *b)
{
    int rc = 0;

    if (a && (fflush(a) != 0 || ferror(a) != 0))
        rc = tool_error("keygen", "a file could not be written");
    if (b && (fflush(b) != 0 || ferror(b) != 0))
        rc = tool_error("keygen", "a file could not be written");
    if (a)
        fclose(a);
    if (b)
        fclose(b);
    return rc;
}

static int make_pair(const char *name)
{
    char public[KEYGEN_TEXT + 1], secret[KEYGEN_TEXT + 1];
    FILE *public_file, *secret_file;
    int rc;

    if (keygen_curve(public, secret) < 0)
        return TOOL_FAILED;
    if (!name) {
        printf("public = %s\nsecret = %s\n", public, secret);
        explicit_bzero(secret, sizeof secret);
        return TOOL_OK;
    }
    secret_file = create(name, ".key", 0600);
    public_file = secret_file ? create(name, ".pub", 0644) : NULL;
    if (public_file)
        fprintf(public_file, "%s\n", public);
    if (public_file)
        fprintf(secret_file, "%s\n", secret);
    explicit_bzero(secret, sizeof secret);
    rc = close_both(public_file, secret_file);
    if (public_file && rc == TOOL_OK)
        return TOOL_OK;
    remove_file(secret_file, name, ".key");
    remove_file(public_file, name, ".pub");
    return TOOL_FAILED;
}

static int make_certificate(const char *host, const char *name, int days)
{
    FILE *key = create(name, ".key", 0600);
    FILE *certificate = key ? create(name, ".crt", 0644) : NULL;
    int rc = certificate ? keygen_certificate(host, days, certificate, key) : -EIO;
    int closed = close_both(certificate, key);

    if (rc == 0 && closed == TOOL_OK)
        return TOOL_OK;
    remove_file(key, name, ".key");
    remove_file(certificate, name, ".crt");
    return TOOL_FAILED;
}

int cmd_keygen(int argc, char **argv)
{
    enum { OPT_CERTIFICATE = 256, OPT_DAYS };
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"certificate", required_argument, NULL, OPT_CERTIFICATE},
        {"days", required_argument, NULL, OPT_DAYS},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    const char *name = NULL, *host = NULL;
    char *end = NULL;
    long days = DAYS;
    int option;

    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            name = optarg;
            break;
        case OPT_CERTIFICATE:
            host = optarg;
            break;
        case OPT_DAYS:
            days = strtol(optarg, &end, 10);
            if (end == optarg || *end || days < 1 || days > DAYS_MAX)
                return tool_usage_error("keygen", "--days takes a number from 1 to %d", DAYS_MAX);
            break;
        case 'h':
            fputs(help, stdout);
            return TOOL_OK;
        case ':':
            return tool_usage_error("keygen", "%s needs a value", argv[optind - 1]);
        default:
            return tool_usage_error("keygen", "there is no option \"%s\"", argv[optind - 1]);
        }
    }
    if (optind < argc)
        return tool_usage_error("keygen", "\"%s\" is one word too many", argv[optind]);
    return host ? make_certificate(host, name ? name : host, (int)days) : make_pair(name);
}
