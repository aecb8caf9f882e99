/* What every pattern must do, and why. */
#include "mechanism_cases.h"
#include "pattern_cases.h"

static const struct conform_case cases[] = {
    {"descriptor",
     "the description is whole: wire name, ops that go together, help for each option",
     "the core refuses a module whose description is not", 20, conform_run_descriptor},
    {"options",
     "options take their own values and their bounds, and nothing beyond; unknown ones are "
     "refused",
     "an option that is accepted and ignored is a promise that is not kept", 20,
     conform_run_feature_options},
    {0},
};

static int prepare(struct subject *subject, char *why, size_t size)
{
    (void)subject;
    (void)why;
    (void)size;
    return 0;
}

const struct conform_suite conform_patterns = {
    .kind = "pattern", .feature_kind = TN_PATTERN, .cases = cases, .prepare = prepare};
