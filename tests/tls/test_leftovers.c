/* What is left of a private key's text, and of the password that opens it, in the memory of the process.
 * OpenSSL itself leaves the bytes that it read from the text in freed memory, which nobody can reach. */
#include "../api/security.h"
#include "pair.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>

/* Certificates are made in a child, whose memory goes with it. */
struct maker {
    pid_t child;
    int stop;
    char directory[64];
};

static struct maker maker;
static struct hidden password, text, line, locked, locked_line;

/* locked.key is server.key, which the password opens. */
static void lock_key(void)
{
    FILE *in = fopen(certs_path("server.key"), "r"), *out = fopen(certs_path("locked.key"), "w");
    EVP_PKEY *key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    char secret[HIDDEN_MAX + 1];

    reveal(&password, secret);
    if (!PEM_write_PKCS8PrivateKey(out, key, EVP_aes_256_cbc(), secret, (int)password.size, NULL,
                                   NULL))
        _exit(1);
    fchmod(fileno(out), 0600);
    fclose(in);
    fclose(out);
}

static void make(int out, int stop)
{
    char directory[64] = "", byte;

    certs_begin();
    lock_key();
    snprintf(directory, sizeof directory, "%s", certs_directory());
    if (write(out, directory, sizeof directory) != sizeof directory)
        _exit(1);
    if (read(stop, &byte, 1) < 0) /* its end */
        _exit(1);
    certs_end();
    _exit(0);
}

/* A line of the text has 64 characters, and holds a part of the key. */
static void take_text(const char *path, struct hidden *out_text, struct hidden *out_line)
{
    char buffer[HIDDEN_MAX];
    int fd = open(path, O_RDONLY);
    ssize_t size = read(fd, buffer, sizeof buffer);
    char *begin = strchr(buffer, '\n') + 1;

    close(fd);
    assert_true(size > 128);
    hide(out_line, "a line of the key's text", begin, 64);
    hide_and_wipe(out_text, "the key's text", buffer, (size_t)size);
}

static const char *path_of(const char *file)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", maker.directory, file);
    return path;
}

static int begin(void **state)
{
    int out[2], stop[2];

    (void)state;
    hide_text(&password, "the key's password", 40);
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(stop), 0);
    maker.child = fork();
    assert_true(maker.child >= 0);
    if (maker.child == 0) {
        close(stop[1]);
        make(out[1], stop[0]);
    }
    close(stop[0]);
    close(out[1]);
    maker.stop = stop[1];
    assert_int_equal(read(out[0], maker.directory, sizeof maker.directory), sizeof maker.directory);
    close(out[0]);
    take_text(path_of("server.key"), &text, &line);
    take_text(path_of("locked.key"), &locked, &locked_line);
    return 0;
}

static int end(void **state)
{
    int status = -1;

    (void)state;
    close(maker.stop);
    assert_int_equal(waitpid(maker.child, &status, 0), maker.child);
    assert_int_equal(status, 0);
    return 0;
}

static void expect_nothing_left(void)
{
    expect_no_leftovers(&password);
    expect_no_leftovers(&line);
    expect_no_leftovers(&locked_line);
}

enum source { TEXT, LOCKED_TEXT, A_FILE, A_LOCKED_FILE };

static void exchange(enum source source)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pair"), *client = api_socket(ctx, "pair");

    assert_ok(tn_set_str(server, "tls.cert", path_of("server.pem")));
    if (source == TEXT || source == LOCKED_TEXT)
        security_set_secret(server, "tls.key_pem", source == TEXT ? &text : &locked);
    else
        assert_ok(
            tn_set_str(server, "tls.key", path_of(source == A_FILE ? "server.key" : "locked.key")));
    if (source == LOCKED_TEXT || source == A_LOCKED_FILE)
        security_set_secret(server, "tls.key_password", &password);
    assert_ok(tn_set_str(client, "tls.ca", path_of("ca.pem")));
    api_join(server, client, "tls://127.0.0.1:*");
    api_send(client, "hello", 0);
    api_expect(server, "hello");
    assert_ok(tn_close(client));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_nothing_is_left_of_keys_from_memory(void **state)
{
    (void)state;
    expect_nothing_left();
    exchange(TEXT);
    expect_nothing_left();
    exchange(LOCKED_TEXT);
    expect_nothing_left();
}

static void test_nothing_is_left_of_keys_from_files(void **state)
{
    (void)state;
    exchange(A_FILE);
    expect_nothing_left();
    exchange(A_LOCKED_FILE);
    expect_nothing_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left_of_keys_from_memory),
        cmocka_unit_test(test_nothing_is_left_of_keys_from_files),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
