/*
 * secure_callback ENDPOINT SECRET_KEY CLIENT_KEY [REQUESTS]: answers requests over CURVE of the one client
 * whose public key is given; a function says so. Keys are as `tenon keygen` prints them.
 *
 * Try it: tenon req --connect ENDPOINT --opt mechanism=curve --opt curve.serverkey=... \
 *             --opt curve.secretkey=... --data Hello
 */
#include "example.h"

/* On a thread of the library's own; it could take its time, or answer later from another one. */
static void decide(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    const unsigned char *wanted = arg;
    tn_answer_t answer = {.size = sizeof answer, .status = TN_AUTH_DENIED, .reason = "unknown key"};

    if (info->credential_count == 1 && info->credentials[0].size == 32 &&
        memcmp(info->credentials[0].data, wanted, 32) == 0) {
        answer.status = TN_AUTH_OK;
        answer.user_id = "friend";
        answer.reason = NULL;
    }
    printf("a peer at %s: %s\n", info->address, answer.user_id ? answer.user_id : "refused");
    fflush(stdout);
    must(tn_answer(question, &answer));
}

/* Z85, RFC 32: five digits are four bytes. */
static void read_key(const char *text, unsigned char key[32])
{
    static const char digits[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

    for (int group = 0; group < 8; group++) {
        unsigned long value = 0;
        for (int i = 0; i < 5; i++) {
            const char *digit = strchr(digits, text[group * 5 + i]);
            value = value * 85 + (unsigned long)(digit ? digit - digits : 0);
        }
        for (int i = 0; i < 4; i++)
            key[group * 4 + i] = (unsigned char)(value >> (24 - 8 * i));
    }
}

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = must_context();
    tn_socket_t *server = must_socket(ctx, "rep");
    unsigned char friend_key[32];

    if (argc < 4 || strlen(argv[3]) != 40) {
        fprintf(stderr, "usage: secure_callback ENDPOINT SECRET_KEY CLIENT_KEY [REQUESTS]\n");
        return 2;
    }
    read_key(argv[3], friend_key);
    must(tn_set_str(server, "mechanism", "curve"));
    must(tn_set_int(server, "curve.server", 1));
    must(tn_set_str(server, "curve.secretkey", argv[2]));
    must(tn_set_authenticator(server, decide, friend_key));
    must(tn_bind(server, argv[1]));
    for (long left = argument_number(argc, argv, 4, 1); left > 0; left--) {
        char text[64];

        recv_text(server, text, sizeof text);
        printf("a friend asks: %s\n", text);
        send_text(server, "World", 0);
    }
    return finish(ctx, server);
}
