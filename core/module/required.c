#include "module/required.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "module/abi.h"

static _Thread_local char sentence[96];

static const char *missing_op(const char *op)
{
    snprintf(sentence, sizeof sentence, "the op \"%s\" is missing", op);
    return sentence;
}

static const char *short_ops(uint32_t size, size_t least)
{
    snprintf(sentence, sizeof sentence,
             "its table of ops has %u bytes, fewer than the %zu of ABI 1.0", size, least);
    return sentence;
}

#define NEED(ops, op)                                                                              \
    do {                                                                                           \
        if (!(ops)->op)                                                                            \
            return missing_op(#op);                                                                \
    } while (0)

static const char *stream_missing(const tn_transport_ops_t *ops)
{
    NEED(ops, check);
    NEED(ops, open);
    NEED(ops, readv);
    NEED(ops, writev);
    NEED(ops, fd);
    NEED(ops, close);
    if (!ops->listen && !ops->dial)
        return "the ops \"listen\" and \"dial\" are both missing";
    if (ops->listen) {
        NEED(ops, listener_fd);
        NEED(ops, accept);
        NEED(ops, unlisten);
    }
    if (ops->dial)
        NEED(ops, established);
    return NULL;
}

static const char *layer_missing(const tn_transport_ops_t *ops)
{
    if (!ops->lower || ops->lower[0] == '\0')
        return "\"lower\", the scheme that the layer stands on, is missing";
    NEED(ops, open);
    NEED(ops, readv);
    NEED(ops, writev);
    return NULL;
}

static const char *datagram_missing(const tn_transport_ops_t *ops)
{
    NEED(ops, check);
    NEED(ops, open);
    NEED(ops, receive);
    NEED(ops, send);
    NEED(ops, fd);
    NEED(ops, close);
    if (!ops->bind && !ops->dial)
        return "the ops \"bind\" and \"dial\" are both missing";
    return NULL;
}

static const char *transport_missing(const tn_transport_ops_t *ops)
{
    if (ops->size < TNI_TRANSPORT_1_0)
        return short_ops(ops->size, TNI_TRANSPORT_1_0);
    switch (ops->shape) {
    case TN_SHAPE_STREAM:
        return stream_missing(ops);
    case TN_SHAPE_LAYER:
        return layer_missing(ops);
    case TN_SHAPE_DATAGRAM:
        return datagram_missing(ops);
    case TN_SHAPE_MESSAGE:
        NEED(ops, check);
        NEED(ops, attach);
        NEED(ops, detach);
        return NULL;
    default:
        return "its shape is neither STREAM, LAYER, MESSAGE nor DATAGRAM";
    }
}

static const char *delimited_wrong(const tn_pattern_ops_t *ops)
{
    unsigned both = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES;

    if (ops->size < TNI_UP_TO(tn_pattern_ops_t, delimited_done)) /* which is asked for, then */
        return NULL;
    if (!ops->delimited_to && !ops->delimited_from && !ops->delimited_done)
        return NULL;
    NEED(ops, delimited_to);
    NEED(ops, delimited_from);
    NEED(ops, delimited_done);
    if ((ops->flags & both) != both ||
        (ops->flags & (TN_PATTERN_BALANCES | TN_PATTERN_TAKES_TURNS)))
        return "its flags do not go with the op \"delimited_to\"";
    return NULL;
}

static const char *pattern_missing(const tn_pattern_ops_t *ops)
{
    if (ops->size < TNI_PATTERN_1_0)
        return short_ops(ops->size, TNI_PATTERN_1_0);
    if (!ops->wire_name || ops->wire_name[0] == '\0')
        return "\"wire_name\" is missing";
    if (!ops->peers)
        return "\"peers\" is missing";
    NEED(ops, open);
    NEED(ops, close);
    NEED(ops, attach);
    NEED(ops, detach);
    NEED(ops, poll);
    if (ops->flags & TN_PATTERN_SENDS)
        NEED(ops, send);
    if (ops->flags & TN_PATTERN_RECEIVES)
        NEED(ops, recv);
    if (ops->flags & TN_PATTERN_SUBSCRIBES)
        NEED(ops, subscribe);
    if (ops->flags & TN_PATTERN_JOINS)
        NEED(ops, join);
    return delimited_wrong(ops);
}

static const char *mechanism_missing(const tn_mechanism_ops_t *ops)
{
    if (ops->size < TNI_MECHANISM_1_0)
        return short_ops(ops->size, TNI_MECHANISM_1_0);
    if (!ops->wire_name || ops->wire_name[0] == '\0' || strlen(ops->wire_name) > 20)
        return "\"wire_name\" must have 1 to 20 bytes";
    NEED(ops, open);
    NEED(ops, close);
    NEED(ops, next_command);
    NEED(ops, command);
    NEED(ops, status);
    if (ops->endpoint_state)
        NEED(ops, prepare);
    if (ops->credentials)
        NEED(ops, verdict);
    if (ops->overhead > TN_MECHANISM_OVERHEAD_MAX)
        return "its \"overhead\" is more than TN_MECHANISM_OVERHEAD_MAX";
    if (!ops->encode != !ops->decode)
        return "of the ops \"encode\" and \"decode\" there must be both or none";
    return NULL;
}

static const char *authenticator_missing(const tn_authenticator_ops_t *ops)
{
    if (ops->size < TNI_AUTHENTICATOR_1_0)
        return short_ops(ops->size, TNI_AUTHENTICATOR_1_0);
    NEED(ops, ask);
    if (ops->endpoint_state)
        NEED(ops, prepare);
    return NULL;
}

const char *tni_required_missing(const tn_feature_t *feature)
{
    if (!feature->ops)
        return "it has no ops";
    switch (feature->kind) {
    case TN_TRANSPORT:
        return transport_missing(feature->ops);
    case TN_PATTERN:
        return pattern_missing(feature->ops);
    case TN_MECHANISM:
        return mechanism_missing(feature->ops);
    case TN_AUTHENTICATOR:
        return authenticator_missing(feature->ops);
    default:
        return "this library does not know that kind";
    }
}
