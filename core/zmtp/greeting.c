#include "zmtp/greeting.h"

#include <errno.h>
#include <string.h>

enum {
    SIGNATURE_FIRST = 0xff,
    SIGNATURE_LAST = 0x7f,
    LAST_OF_SIGNATURE = TNI_GREETING_SIGNATURE - 1,
    AT_MAJOR = 10,
    AT_MINOR = 11,
    AT_MECHANISM = 12,
    AT_AS_SERVER = 32,
    REVISION_1_0 = 0,
    REVISION_2_0 = 1,
    OLD_ROUTING_ID_MAX = 255,
};

/** How other protocols begin, so that a wrong port is named and not only refused. */
static const struct {
    const char *prefix;
    size_t size;
    const char *reason;
} aliens[] = {
    {"GET ", 4, "speaks HTTP, not ZMTP"},
    {"PUT ", 4, "speaks HTTP, not ZMTP"},
    {"PRI ", 4, "speaks HTTP, not ZMTP"},
    {"HEAD ", 5, "speaks HTTP, not ZMTP"},
    {"POST ", 5, "speaks HTTP, not ZMTP"},
    {"PATCH ", 6, "speaks HTTP, not ZMTP"},
    {"TRACE ", 6, "speaks HTTP, not ZMTP"},
    {"DELETE ", 7, "speaks HTTP, not ZMTP"},
    {"CONNECT ", 8, "speaks HTTP, not ZMTP"},
    {"OPTIONS ", 8, "speaks HTTP, not ZMTP"},
    {"HTTP/", 5, "speaks HTTP, not ZMTP"},
    {"\x16\x03", 2, "speaks TLS, not ZMTP"},
    {"\x15\x03", 2, "speaks TLS, not ZMTP"},
    {"SSH-", 4, "speaks SSH, not ZMTP"},
    {"\0SP\0", 4, "speaks SP (nanomsg, nng), not ZMTP"},
};

static const char noise[] = "sent bytes that are not ZMTP";

static bool is_mechanism_char(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '+';
}

int tni_greeting_encode(uint8_t out[TNI_GREETING_SIZE], const char *mechanism, bool as_server,
                        size_t routing_id_size)
{
    size_t name_size = mechanism ? strnlen(mechanism, TNI_GREETING_MECHANISM_MAX + 1) : 0;
    uint64_t padding = (uint64_t)routing_id_size + 1;

    if (name_size == 0 || name_size > TNI_GREETING_MECHANISM_MAX)
        return -EINVAL;
    for (size_t i = 0; i < name_size; i++)
        if (!is_mechanism_char((uint8_t)mechanism[i]))
            return -EINVAL;

    memset(out, 0, TNI_GREETING_SIZE);
    out[0] = SIGNATURE_FIRST;
    for (int i = 0; i < 8; i++)
        out[1 + i] = (uint8_t)(padding >> (56 - 8 * i));
    out[LAST_OF_SIGNATURE] = SIGNATURE_LAST;
    out[AT_MAJOR] = 3;
    out[AT_MINOR] = 1;
    memcpy(out + AT_MECHANISM, mechanism, name_size);
    out[AT_AS_SERVER] = as_server;
    return 0;
}

void tni_greeting_reader_init(struct tni_greeting_reader *reader)
{
    memset(reader, 0, sizeof *reader);
}

static void refuse(struct tni_greeting_reader *reader, const char *reason)
{
    reader->status = TNI_GREETING_ALIEN;
    reader->reason = reason;
}

/** A peer whose first byte is not that of a signature: ZMTP 1.0 begins with the length and the flags,
 *  always 0, of its routing id. */
static void judge_unsigned(struct tni_greeting_reader *reader)
{
    bool is_maybe_alien = false;

    if (reader->taken < 2)
        return;
    if (reader->bytes[0] != 0 && reader->bytes[1] == 0) {
        reader->status = TNI_GREETING_UNVERSIONED;
        return;
    }
    for (size_t i = 0; i < sizeof aliens / sizeof aliens[0]; i++) {
        size_t size = reader->taken < aliens[i].size ? reader->taken : aliens[i].size;

        if (memcmp(reader->bytes, aliens[i].prefix, size) != 0)
            continue;
        if (size == aliens[i].size) {
            refuse(reader, aliens[i].reason);
            return;
        }
        is_maybe_alien = true;
    }
    if (!is_maybe_alien)
        refuse(reader, noise);
}

/** Ten bytes that begin with FF: a signature, or the long form of a length of ZMTP 1.0. */
static void judge_signature(struct tni_greeting_reader *reader)
{
    uint64_t length = 0;

    if (reader->bytes[LAST_OF_SIGNATURE] & 1)
        return;
    for (int i = 1; i < LAST_OF_SIGNATURE; i++)
        length = length << 8 | reader->bytes[i];
    if (length >= 1 && length <= OLD_ROUTING_ID_MAX + 1 && reader->bytes[LAST_OF_SIGNATURE] == 0)
        reader->status = TNI_GREETING_UNVERSIONED;
    else
        refuse(reader, noise);
}

static void judge_major(struct tni_greeting_reader *reader)
{
    reader->major = reader->bytes[AT_MAJOR];
    if (reader->major == REVISION_1_0)
        reader->status = TNI_GREETING_V1;
    else if (reader->major == REVISION_2_0)
        reader->status = TNI_GREETING_V2;
}

static void judge_whole(struct tni_greeting_reader *reader)
{
    reader->minor = reader->bytes[AT_MINOR];
    reader->as_server = reader->bytes[AT_AS_SERVER] != 0;
    for (int i = 0; i < TNI_GREETING_MECHANISM_MAX; i++) {
        uint8_t c = reader->bytes[AT_MECHANISM + i];

        if (c == 0)
            break;
        if (!is_mechanism_char(c)) {
            memset(reader->mechanism, 0, sizeof reader->mechanism);
            refuse(reader, "sent a greeting in which the mechanism's name is no name");
            return;
        }
        reader->mechanism[i] = (char)c;
    }
    reader->status = TNI_GREETING_V3;
}

size_t tni_greeting_read(struct tni_greeting_reader *reader, const uint8_t *data, size_t size)
{
    size_t used = 0;

    while (used < size && reader->status == TNI_GREETING_INCOMPLETE) {
        reader->bytes[reader->taken++] = data[used++];
        if (reader->bytes[0] != SIGNATURE_FIRST)
            judge_unsigned(reader);
        else if (reader->taken == TNI_GREETING_SIGNATURE)
            judge_signature(reader);
        else if (reader->taken == TNI_GREETING_VERSION)
            judge_major(reader);
        else if (reader->taken == TNI_GREETING_SIZE)
            judge_whole(reader);
    }
    return used;
}

size_t tni_greeting_sendable(const struct tni_greeting_reader *reader)
{
    bool is_signed =
        reader->taken > TNI_GREETING_SIGNATURE ||
        (reader->taken == TNI_GREETING_SIGNATURE && reader->status == TNI_GREETING_INCOMPLETE);

    if (!is_signed)
        return TNI_GREETING_SIGNATURE;
    if (reader->taken < TNI_GREETING_VERSION || reader->status == TNI_GREETING_V2 ||
        reader->status == TNI_GREETING_V1)
        return TNI_GREETING_VERSION;
    return TNI_GREETING_SIZE;
}

bool tni_greeting_is_31(const struct tni_greeting_reader *reader)
{
    return reader->status == TNI_GREETING_V3 && !(reader->major == 3 && reader->minor == 0);
}
