/* The three ops for messages behind a delimiter, and a flag that says that there is none. */
#define TRIO bad_flags
#define TRIO_FLAGS (TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_BALANCES)
#define TRIO_IS_WHOLE
#include "trio.h"
