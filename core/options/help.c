#include <stddef.h>

#include "options/options.h"

#define ROW_INT(field, unit, min, max, def, help) (help)
#define ROW_LONG(field, unit, min, max, def, help) (help)
#define ROW_BOOL(field, def, help) (help)
#define ROW_ID(field, help) (help)
#define ROW_TEXT(field, max, def, help) (help)
#define ROW_STRING(field, max, help) (help)
#define ROW_METADATA(name, help) (help)
#define ROW_READ_ONLY(name, type, help) (help)

static const char *const sentences[] = {
#include "options/list.h"
};

const char *tni_options_help(size_t index)
{
    return index < sizeof sentences / sizeof sentences[0] ? sentences[index] : NULL;
}
