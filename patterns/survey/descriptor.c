#include "survey.h"

static const tn_option_desc_t surveyor_options[] = {
    TN_OPTION_INT_DESC("survey_time", "ms", -1, INT32_MAX, 1000,
                       "how long answers to a later question count, -1: until the next one"),
    TN_OPTION_END,
};

static const tn_feature_t surveyor =
    TN_PATTERN_FEATURE("surveyor", "asks everybody, collects answers until a deadline",
                       &tni_surveyor_ops, surveyor_options);

static const tn_feature_t respondent = TN_PATTERN_FEATURE(
    "respondent", "answers the last question that it has received", &tni_respondent_ops, NULL);

/* A program that is to be small names some of them alone. */
#ifndef TN_ONLY
#define TN_ONLY &surveyor, &respondent
#endif
static const tn_feature_t *const features[] = {TN_ONLY, NULL};

TN_MODULE(survey) = {
    TN_MODULE_HEAD("survey"), .version = "0.1.0",
    .license = "MIT",         .summary = "Surveys: surveyor, respondent",
    .features = features,
};
