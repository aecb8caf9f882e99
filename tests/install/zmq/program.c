/* Written for libzmq: a request and its reply. Usage: program ENDPOINT */
#include <stdio.h>
#include <string.h>

#include <zmq.h>

int main(int argc, char **argv)
{
    void *context = zmq_ctx_new();
    void *server = zmq_socket(context, ZMQ_REP);
    void *client = zmq_socket(context, ZMQ_REQ);
    char text[8] = "";
    int major = 0;

    if (argc != 2 || zmq_bind(server, argv[1]) < 0 || zmq_connect(client, argv[1]) < 0 ||
        zmq_send(client, "hello", 5, 0) != 5 || zmq_recv(server, text, sizeof text, 0) != 5 ||
        memcmp(text, "hello", 5) != 0) {
        fprintf(stderr, "program: %s\n", zmq_strerror(zmq_errno()));
        return 1;
    }
    zmq_version(&major, NULL, NULL);
    zmq_close(client);
    zmq_close(server);
    zmq_ctx_term(context);
    return major == ZMQ_VERSION_MAJOR ? 0 : 1;
}
