#include "message/group.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "message/body.h"

/* A group is the text inside a counted body of its own. */
static struct tn_body *body_of(char *group)
{
    return (struct tn_body *)(void *)(group - offsetof(struct tn_body, own_bytes));
}

char *tni_group_new(const void *text, size_t size)
{
    struct tn_body *body = tni_body_new(size + 1);

    if (!body) {
        tni_fail(-ENOMEM, "out of memory for the name of a group");
        return NULL;
    }
    if (size)
        memcpy(body->own_bytes, text, size);
    body->own_bytes[size] = '\0';
    return (char *)body->own_bytes;
}

char *tni_group_ref(char *group)
{
    tni_body_ref(body_of(group));
    return group;
}

void tni_group_unref(char *group)
{
    if (group)
        tni_body_unref(body_of(group));
}
