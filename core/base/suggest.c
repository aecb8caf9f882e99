#include "base/suggest.h"

#include <string.h>

/* Two neighbours that changed places are likelier a slip than a letter that is wrong or missing. */
enum { LONGEST = 48, EDIT = 3, SWAP = 2 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    unsigned table[3][LONGEST + 1];

    if (rows > LONGEST || columns > LONGEST)
        return EDIT * LONGEST;
    for (size_t j = 0; j <= columns; j++)
        table[0][j] = EDIT * (unsigned)j;
    for (size_t i = 1; i <= rows; i++) {
        unsigned *now = table[i % 3], *before = table[(i + 2) % 3], *earlier = table[(i + 1) % 3];

        now[0] = EDIT * (unsigned)i;
        for (size_t j = 1; j <= columns; j++) {
            unsigned cost = a[i - 1] == b[j - 1] ? 0 : EDIT;

            now[j] = least(least(before[j], now[j - 1]) + EDIT, before[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], earlier[j - 2] + SWAP);
        }
    }
    return table[rows % 3][columns];
}

const char *tni_nearest(const char *wanted, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t length = strlen(wanted);
    /* A third of the letters may be wrong, and always one. */
    unsigned limit = EDIT * (length < 3 ? 1 : (unsigned)(length + 2) / 3);
    unsigned best_distance = limit + 1;

    for (size_t i = 0; i < n; i++) {
        unsigned d;

        if (!names[i])
            continue;
        d = distance(wanted, names[i]);
        if (d < best_distance) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}
