/* Of three ops that belong together one is missing. */
#define TRIO bad_trio
#define TRIO_FLAGS (TN_PATTERN_SENDS | TN_PATTERN_RECEIVES)
#include "trio.h"
