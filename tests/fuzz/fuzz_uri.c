/* Endpoint strings: the pieces make up the whole, escapes are undone exactly, refusals can be read. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/uri.h"
#include "check.h"

static void check_refusal(int code)
{
    const char *text = tni_error_text();

    CHECK(code == -EINVAL);
    CHECK(text[0] != '\0');
    for (; *text; text++)
        CHECK((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check_pieces(const char *text, const struct tni_uri *uri)
{
    size_t scheme = strlen(uri->scheme);

    CHECK(scheme >= 1 && strncasecmp(text, uri->scheme, scheme) == 0);
    CHECK(strncmp(text + scheme, "://", 3) == 0);
    CHECK(uri->address.data == text + scheme + 3 && uri->address.size >= 1);
    CHECK(!memchr(uri->address.data, '?', uri->address.size));
    if (uri->options.size > 0)
        CHECK(uri->options.data == uri->address.data + uri->address.size + 1);
    else
        CHECK(uri->address.data[uri->address.size] == '\0');
    CHECK(uri->options.data[uri->options.size] == '\0');
}

static void check_address(const struct tni_uri *uri)
{
    char *address = malloc(uri->address.size + 1);
    ssize_t size;

    CHECK(address);
    size = tni_uri_address(uri, address, uri->address.size + 1);
    CHECK(size >= 1 && (size_t)size <= uri->address.size && strlen(address) == (size_t)size);
    CHECK(tni_uri_address(uri, address, (size_t)size) == -EMSGSIZE);
    free(address);
}

static void check_value(struct tni_slice value)
{
    char *decoded = malloc(value.size + 1);
    char *escaped = malloc(3 * value.size + 1);
    char *again = malloc(value.size + 1);
    struct tni_slice slice = {escaped, 0};
    ssize_t size;

    CHECK(decoded && escaped && again);
    size = tni_uri_value(value, decoded, value.size + 1);
    CHECK(size >= 0 && (size_t)size <= value.size && strlen(decoded) == (size_t)size);
    CHECK(tni_uri_value(value, decoded, (size_t)size) == -EMSGSIZE);
    for (ssize_t i = 0; i < size; i++)
        slice.size += (size_t)sprintf(escaped + slice.size, "%%%02x", (uint8_t)decoded[i]);
    size = tni_uri_value(value, decoded, value.size + 1);
    CHECK(tni_uri_value(slice, again, value.size + 1) == size && strcmp(again, decoded) == 0);
    free(decoded);
    free(escaped);
    free(again);
}

static void check_options(const struct tni_uri *uri)
{
    struct tni_uri_option option;
    size_t cursor = 0, total = 0;
    int count = 0;

    while (tni_uri_next_option(uri, &cursor, &option)) {
        CHECK(option.key.size >= 1 && option.key.size <= TNI_URI_KEY_MAX);
        CHECK(option.key.data[option.key.size] == '=');
        CHECK(option.value.data == option.key.data + option.key.size + 1);
        total += option.key.size + 1 + option.value.size;
        check_value(option.value);
        count++;
    }
    CHECK(count <= TNI_URI_OPTIONS_MAX);
    CHECK(uri->options.size == (count ? total + (size_t)count - 1 : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct tni_uri uri;
    int rc;

    CHECK(text);
    memcpy(text, data, size);
    text[size] = '\0';
    rc = tni_uri_parse(text, &uri);
    if (rc == 0) {
        CHECK(strlen(text) <= TNI_URI_MAX);
        check_pieces(text, &uri);
        check_address(&uri);
        check_options(&uri);
    } else {
        check_refusal(rc);
    }
    free(text);
    return 0;
}
