/* Good: built with the headers of ABI 1.0, where the table of a pattern's ops ended earlier. What lies behind
 * it is not one of its ops. */
#define TN_ABI_MIN_MINOR 0
#define TRIO older
#define TRIO_FLAGS (TN_PATTERN_SENDS | TN_PATTERN_RECEIVES)
#define TRIO_SIZE offsetof(tn_pattern_ops_t, delimited_to)
#define TRIO_MINOR 0
#include "trio.h"
