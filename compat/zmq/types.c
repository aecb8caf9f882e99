#include "dropin.h"

static const struct tnz_type types[] = {
    [ZMQ_PAIR] = {ZMQ_PAIR, "pair", false, false},
    [ZMQ_PUB] = {ZMQ_PUB, "pub", false, false},
    [ZMQ_SUB] = {ZMQ_SUB, "sub", false, false},
    [ZMQ_REQ] = {ZMQ_REQ, "req", false, false},
    [ZMQ_REP] = {ZMQ_REP, "rep", false, false},
    [ZMQ_DEALER] = {ZMQ_DEALER, "dealer", false, false},
    [ZMQ_ROUTER] = {ZMQ_ROUTER, "router", false, false},
    [ZMQ_PULL] = {ZMQ_PULL, "pull", false, false},
    [ZMQ_PUSH] = {ZMQ_PUSH, "push", false, false},
    [ZMQ_XPUB] = {ZMQ_XPUB, "xpub", false, false},
    [ZMQ_XSUB] = {ZMQ_XSUB, "xsub", false, false},
    [ZMQ_STREAM] = {ZMQ_STREAM, "stream", false, false},
    [ZMQ_SERVER] = {ZMQ_SERVER, "server", true, true},
    [ZMQ_CLIENT] = {ZMQ_CLIENT, "client", true, true},
    [ZMQ_RADIO] = {ZMQ_RADIO, "radio", true, true},
    [ZMQ_DISH] = {ZMQ_DISH, "dish", true, true},
    [ZMQ_GATHER] = {ZMQ_GATHER, "gather", true, true},
    [ZMQ_SCATTER] = {ZMQ_SCATTER, "scatter", true, true},
    [ZMQ_DGRAM] = {ZMQ_DGRAM, "dgram", false, false},
    [ZMQ_PEER] = {ZMQ_PEER, "peer", true, true},
    [ZMQ_CHANNEL] = {ZMQ_CHANNEL, "channel", true, true},
};

const struct tnz_type *tnz_type_of_number(int number)
{
    return number >= 0 && (size_t)number < sizeof types / sizeof types[0] ? &types[number] : NULL;
}
