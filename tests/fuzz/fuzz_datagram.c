/* Datagrams with a group in front, and the addresses of udp endpoints and datagrams as text. */
#include <stdarg.h>
#include <string.h>

#include "check.h"
#include "transports/udp/address.h"
#include "zmtp/datagram.h"

enum { TEXT_MAX = 512 };

static unsigned sentences;

static int set_error(const tn_host_t *host, int code, const char *format, ...)
{
    (void)host;
    (void)format;
    sentences++;
    return code;
}

static void check_datagram(const uint8_t *bytes, size_t size)
{
    struct tni_datagram_view view;

    if (tni_datagram_parse(bytes, size, &view) < 0) {
        CHECK(size == 0 || (size_t)bytes[0] + 1 > size);
        return;
    }
    CHECK(view.group == bytes + 1 && view.group_size <= TNI_DATAGRAM_GROUP_MAX);
    CHECK(view.group + view.group_size == view.body);
    CHECK(1 + view.group_size + view.size == size);
}

/* What the system's form of an address gives as text is read as that address again. */
static void check_target(const char *text)
{
    union sock_name name, again;
    char out[SOCK_ADDRESS_SIZE];

    if (!tni_udp_parse_target(text, &name) || name.any.sa_family != AF_INET)
        return;
    sock_format("udp", &name, out);
    CHECK(tni_udp_parse_target(out + strlen("udp://"), &again));
    CHECK(sock_is_same(&name, &again));
}

static void check_address(const char *text, unsigned role)
{
    const tn_host_t host = {.set_error = set_error};
    unsigned before = sentences;
    struct tni_udp_text parsed;
    int rc = tni_udp_parse(&host, text, role, &parsed);

    CHECK(rc == 0 || sentences == before + 1);
    if (rc < 0)
        return;
    CHECK(strlen(parsed.host.host) < SOCK_HOST_SIZE && strlen(parsed.interface) < SOCK_HOST_SIZE);
    CHECK(role == TN_ROLE_BIND || (parsed.host.port != 0 && parsed.host.host[0]));
    CHECK(parsed.has_interface == (strchr(text, ';') != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_MAX + 1];
    size_t length = size < TEXT_MAX ? size : TEXT_MAX;

    check_datagram(data, size);
    memcpy(text, data, length);
    text[length] = '\0';
    check_target(text);
    check_address(text, TN_ROLE_BIND);
    check_address(text, TN_ROLE_CONNECT);
    return 0;
}
