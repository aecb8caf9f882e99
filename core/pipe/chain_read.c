/*
 * chain_read.c: the consumer that takes frames: a socket, or a connection that frames them anew.
 */
#include "pipe/chunk.h"
#include "zmtp/frame.h"

static void come_up(struct tni_chain *chain)
{
    struct tni_cursor *at = &chain->r.sent;

    tni_cursor_step_over(at);
    if (at->position == chain->r.limit && !tni_cursor_attachment(at)) {
        tni_chain_snapshot(chain);
        /* A control record, or the next chunk, may have come together with what lies behind it. */
        tni_cursor_step_over(at);
    }
}

static void view_in_run(const struct tni_cursor *at, struct tni_attachment *run,
                        struct tni_frame_view *out_view)
{
    const uint8_t *bytes = run->data + at->attachment_done;
    unsigned flags = 0;
    int header =
        tni_frame_decode(bytes, (size_t)(run->size - at->attachment_done), &flags, &out_view->size);

    out_view->is_control = false;
    out_view->flags = (uint8_t)flags;
    out_view->header = (uint8_t)header;
    out_view->body = bytes + header;
    out_view->attachment = NULL;
    out_view->run = run;
}

static bool view_frame(struct tni_chain *chain, struct tni_frame_view *out_view)
{
    struct tni_cursor *at = &chain->r.sent;
    struct tni_cursor body;
    const uint8_t *bytes;
    unsigned flags = 0;
    size_t run;
    int header;

    out_view->run = NULL;
    out_view->attachment = tni_cursor_attachment(at);
    if (out_view->attachment && out_view->attachment->kind == TNI_ATTACH_RUN) {
        view_in_run(at, out_view->attachment, out_view);
        return true;
    }
    if (out_view->attachment) {
        out_view->is_control = true;
        return true;
    }
    if (at->position == chain->r.limit)
        return false;
    out_view->is_control = false;
    run = tni_cursor_run(at, chain->r.limit);
    bytes = at->chunk->area + (at->position - at->chunk->base);
    header = tni_frame_decode(bytes, run, &flags, &out_view->size);
    out_view->flags = (uint8_t)flags;
    out_view->header = (uint8_t)header;
    out_view->body = bytes + header;
    if ((size_t)header == run && out_view->size) {
        body = *at;
        body.position += (uint64_t)header;
        out_view->attachment = tni_cursor_attachment(&body);
        out_view->body = out_view->attachment->data;
    }
    return true;
}

bool tni_chain_look(struct tni_chain *chain, struct tni_frame_view *out_view)
{
    come_up(chain);
    return view_frame(chain, out_view);
}

bool tni_chain_peek(struct tni_chain *chain, struct tni_frame_view *out_view)
{
    const struct tni_cursor *at = &chain->r.sent;

    come_up(chain);
    if (at->position != chain->r.keep.position || at->attachment != chain->r.keep.attachment ||
        at->chunk != chain->r.keep.chunk)
        tni_chain_keep(chain, at);
    return view_frame(chain, out_view);
}

void tni_chain_next(struct tni_chain *chain, const struct tni_frame_view *view)
{
    struct tni_cursor *at = &chain->r.sent;

    if (view->attachment)
        at->attachment++;
    if (view->is_control)
        return;
    if (view->run)
        tni_cursor_pass(at, view->run, view->header + view->size);
    else
        at->position += view->header + (view->attachment ? 0 : view->size);
    if (!(view->flags & TNI_FRAME_MORE))
        at->messages++;
}

void tni_chain_let_go(struct tni_chain *chain)
{
    if (chain->r.sent.attachment != chain->r.keep.attachment)
        tni_chain_keep(chain, &chain->r.sent);
}
