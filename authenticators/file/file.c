/*
 * file.c: an authenticator that needs no code: the rules of a file that option "file.path" names.
 *
 * The file is looked at before each question and read again when it has changed. One that cannot be
 * read, or has a mistake, leaves the old rules in force, and the log says so. Questions come one at a
 * time, on one thread, and prepare comes before all of them: no lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules.h"

enum { PATH_ROOM = 4096 };

struct stamp {
    struct timespec modified;
    off_t size;
    ino_t inode;
};

struct file_endpoint {
    const tn_host_t *host;
    struct rules *rules;
    struct stamp stamp; /* of what was looked at last, good or not */
    char path[PATH_ROOM];
};

static struct stamp stamp_of(const struct stat *status)
{
    return (struct stamp){status->st_mtim, status->st_size, status->st_ino};
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
    return a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->size == b->size && a->inode == b->inode;
}

/* ------------------------------------------------------------------ reading */

/* Password hashes and lists of who may in are nobody else's to write. */
static const char *forbids(const struct stat *status)
{
    if (!S_ISREG(status->st_mode))
        return "it is not a regular file";
    if (status->st_mode & (S_IWGRP | S_IWOTH))
        return "others may write to it: chmod go-w";
    if (status->st_size > RULES_FILE_MAX)
        return "it is longer than 16 MiB";
    return NULL;
}

/* 0, or a code. */
static int read_all(const tn_host_t *host, int fd, size_t size, char **out_text, size_t *out_size)
{
    char *text = host->alloc(size + 1);
    ssize_t got = 1;

    *out_size = 0;
    if (!text)
        return -ENOMEM;
    while (*out_size < size && got != 0) {
        got = read(fd, text + *out_size, size - *out_size);
        if (got < 0 && errno != EINTR)
            goto fail_read;
        if (got > 0)
            *out_size += (size_t)got;
    }
    *out_text = text;
    return 0;

fail_read:
    got = -errno;
    explicit_bzero(text, *out_size);
    host->free(text);
    return (int)got;
}

static int open_file(const char *path)
{
    int fd;

    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* 0, or a code: -EINVAL is a mistake in the file, the others are the system's. */
static int read_rules(const struct file_endpoint *endpoint, struct stamp *out_stamp,
                      struct rules **out_rules, char why[RULES_WHY])
{
    const tn_host_t *host = endpoint->host;
    int fd = open_file(endpoint->path);
    struct stat status;
    const char *wrong;
    char *text = NULL;
    size_t size = 0;
    int rc = 0;

    if (fd < 0 || fstat(fd, &status) < 0) {
        rc = -errno;
        goto out;
    }
    *out_stamp = stamp_of(&status);
    wrong = forbids(&status);
    if (wrong) {
        snprintf(why, RULES_WHY, "%s", wrong);
        rc = -EINVAL;
        goto out;
    }
    rc = read_all(host, fd, (size_t)status.st_size, &text, &size);
    if (rc < 0)
        goto out;
    rc = rules_parse(host, text, size, out_rules, why);
    explicit_bzero(text, size);
    host->free(text);
out:
    if (fd >= 0)
        close(fd);
    if (rc < 0 && rc != -EINVAL)
        snprintf(why, RULES_WHY, "%s", strerrordesc_np(-rc));
    return rc;
}

/* The file itself is as it should be, and can be read when there is more of what is short. */
static bool is_passing(int code)
{
    return code == -ENOMEM || code == -EMFILE || code == -ENFILE || code == -EIO;
}

static void look_again(struct file_endpoint *endpoint)
{
    const tn_host_t *host = endpoint->host;
    char why[RULES_WHY] = "";
    struct stat status;
    struct stamp stamp = {0};
    struct rules *rules;
    int rc;

    if (stat(endpoint->path, &status) == 0)
        stamp = stamp_of(&status);
    if (is_same(&stamp, &endpoint->stamp))
        return;
    rc = read_rules(endpoint, &stamp, &rules, why);
    if (!is_passing(rc))
        endpoint->stamp = stamp;
    if (rc < 0) {
        host->log(host, TN_LOG_ERROR, "%s: %s: the rules that were read before stay in force",
                  endpoint->path, why);
        return;
    }
    rules_free(host, endpoint->rules);
    endpoint->rules = rules;
    host->log(host, TN_LOG_INFO, "%s: %zu rules", endpoint->path, rules->count);
}

/* ------------------------------------------------------------------ ops */

static int file_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host)
{
    struct file_endpoint *endpoint = endpoint_state;
    char why[RULES_WHY] = "";
    tn_value_t value;
    int rc;

    endpoint->host = host;
    if (host->setup_option(setup, "path", &value) < 0 || !value.data || !value.size)
        return host->set_error(host, -EINVAL,
                               "authenticator 'file': option \"file.path\" is not set");
    snprintf(endpoint->path, sizeof endpoint->path, "%s", (const char *)value.data);
    rc = read_rules(endpoint, &endpoint->stamp, &endpoint->rules, why);
    return rc < 0 ? host->set_error(host, rc, "authenticator 'file': %s: %s", endpoint->path, why)
                  : 0;
}

static void file_release(void *endpoint_state)
{
    struct file_endpoint *endpoint = endpoint_state;

    rules_free(endpoint->host, endpoint->rules);
}

static int file_ask(tn_module_state_t *state, void *endpoint_state, const tn_host_t *host,
                    tn_question_t *question, const tn_question_info_t *info)
{
    struct file_endpoint *endpoint = endpoint_state;
    tn_answer_t answer = {.size = sizeof answer};

    (void)state;
    look_again(endpoint);
    answer.status = rules_judge(endpoint->rules, info, &answer.user_id, &answer.reason);
    host->question_answer(question, &answer);
    return 0;
}

static const tn_authenticator_ops_t ops = {
    .size = sizeof ops,
    .endpoint_state = sizeof(struct file_endpoint),
    .prepare = file_prepare,
    .release = file_release,
    .ask = file_ask,
};

static const tn_option_desc_t options[] = {
    TN_OPTION_STR_DESC("path", PATH_ROOM - 1, NULL,
                       "file of users, keys, certificate names and addresses; docs/security.md"),
    TN_OPTION_END,
};

static const tn_feature_t authenticator = {
    .size = sizeof authenticator,
    .kind = TN_AUTHENTICATOR,
    .name = "file",
    .summary = "users, keys, certificate names and addresses of a file",
    .priority = 50,
    .ops = &ops,
    .options = options,
};

static const tn_feature_t *const features[] = {&authenticator, NULL};

TN_MODULE(file) = {
    TN_MODULE_HEAD("file"), .version = "0.1.0",
    .license = "MIT",       .summary = "an authenticator that needs no code",
    .features = features,
};
