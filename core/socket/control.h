/*
 * control.h: what contexts ask of the part that shows a running process to `tenon stat`.
 *
 * A table, so that a static program which has no use for it links nothing of it. `tni_control` is NULL
 * there; it is defined beside tni_network. Application threads, without a lock of ours.
 */
#ifndef TNI_CONTROL_H
#define TNI_CONTROL_H

struct tn_ctx;

struct tni_control {
    /** A context is there: it can be seen from now on, if the environment asks for it, or else the
     *  deployment, by `wanted`, which is NULL until the manifests have been read. */
    void (*add)(struct tn_ctx *ctx, const char *wanted);
    /** It goes; nobody looks at it any more when this returns. */
    void (*remove)(struct tn_ctx *ctx);
};

extern const struct tni_control *const tni_control;
extern const struct tni_control tni_control_impl;

#endif
