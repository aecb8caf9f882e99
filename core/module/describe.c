#include "module/describe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "module/abi.h"
#include "module/required.h"

enum { MAX_FEATURES = 64, MAX_OPTIONS = 256 };

/* Where a reason is written to. */
struct why {
    char *text;
    size_t size;
};

static int unfit(const struct why *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int unfit(const struct why *why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why->text, why->size, format, args);
    va_end(args);
    return -TN_EMODULE;
}

const tn_option_desc_t *tni_option_next(const tn_option_desc_t *option)
{
    return (const tn_option_desc_t *)(const void *)((const char *)option + option->size);
}

static int check_header(const tn_module_t *module, const struct why *why)
{
    if (module->magic != TN_MODULE_MAGIC)
        return unfit(why, "wrong magic number 0x%08x: not a Tenon module", module->magic);
    if (module->abi_major != TN_ABI_MAJOR)
        return unfit(why, "built for ABI %u.%u, this library has ABI %d.%d: build it again",
                     module->abi_major, module->abi_minor, TN_ABI_MAJOR, TN_ABI_MINOR);
    if (module->abi_min_minor > TN_ABI_MINOR)
        return unfit(why, "needs at least ABI %u.%u, this library has %d.%d: update the library",
                     module->abi_major, module->abi_min_minor, TN_ABI_MAJOR, TN_ABI_MINOR);
    if (module->size < TNI_MODULE_1_0)
        return unfit(why, "its description has %u bytes, fewer than the %zu of ABI 1.0",
                     module->size, TNI_MODULE_1_0);
    return 0;
}

static int check_name(const tn_module_t *module, const char *stem, const struct why *why)
{
    if (!module->name || !tni_is_feature_name(module->name, strlen(module->name)))
        return unfit(why, "it has no valid name");
    if (stem && strcmp(module->name, stem) != 0)
        return unfit(why, "it calls itself \"%s\", but its file is %s.so: the two must agree",
                     module->name, stem);
    if (!module->version || !module->license || !module->summary)
        return unfit(why, "its %s is missing",
                     !module->version   ? "version"
                     : !module->license ? "license"
                                        : "summary");
    return 0;
}

static int check_default(const tn_option_desc_t *option, const char *feature, const struct why *why)
{
    bool is_number = option->type == TN_OPTION_INT || option->type == TN_OPTION_BOOL;
    int64_t length = option->default_str ? (int64_t)strlen(option->default_str) : 0;

    if (option->min > option->max)
        return unfit(why, "%s: option %s has a least value above its greatest", feature,
                     option->name);
    if (option->type == TN_OPTION_BOOL && (option->min != 0 || option->max != 1))
        return unfit(why, "%s: option %s is a truth value whose range is not 0 to 1", feature,
                     option->name);
    if (is_number && (option->default_int < option->min || option->default_int > option->max))
        return unfit(why, "%s: the default of option %s is out of its range", feature,
                     option->name);
    if (!is_number && (option->min < 0 || length > option->max))
        return unfit(why, "%s: the default of option %s is longer than allowed", feature,
                     option->name);
    return 0;
}

static int check_option(const tn_option_desc_t *option, const char *feature, const struct why *why)
{
    if (option->size < TNI_OPTION_1_0)
        return unfit(why, "%s: an option's description has %u bytes, fewer than the %zu of ABI 1.0",
                     feature, option->size, TNI_OPTION_1_0);
    if (!tni_is_feature_name(option->name, strlen(option->name)))
        return unfit(why, "%s: an option has no valid name", feature);
    if (option->type < TN_OPTION_INT || option->type > TN_OPTION_BLOB)
        return unfit(why, "%s: option %s is of the unknown type %u", feature, option->name,
                     option->type);
    if (!option->help || !option->unit)
        return unfit(why, "%s: option %s has no %s", feature, option->name,
                     option->help ? "unit" : "help");
    return check_default(option, feature, why);
}

static int check_options(const tn_feature_t *feature, const struct why *why)
{
    const tn_option_desc_t *first = feature->options, *option = first;
    int count = 0;

    for (; option && option->name; option = tni_option_next(option)) {
        int rc = check_option(option, feature->name, why);

        if (rc < 0)
            return rc;
        if (++count > MAX_OPTIONS)
            return unfit(why, "%s: more than %d options, or no TN_OPTION_END", feature->name,
                         MAX_OPTIONS);
        for (const tn_option_desc_t *o = first; o != option; o = tni_option_next(o)) {
            if (strcmp(o->name, option->name) == 0)
                return unfit(why, "%s: option %s is there twice", feature->name, option->name);
        }
    }
    return 0;
}

static int check_feature(const tn_feature_t *feature, const struct why *why)
{
    const char *missing;
    int rc;

    if (feature->size < TNI_FEATURE_1_0)
        return unfit(why, "a feature's description has %u bytes, fewer than the %zu of ABI 1.0",
                     feature->size, TNI_FEATURE_1_0);
    if (!feature->name || !tni_is_feature_name(feature->name, strlen(feature->name)))
        return unfit(why, "a feature has no valid name (a-z 0-9 _ . -)");
    if (feature->kind < TN_TRANSPORT || feature->kind > TN_AUTHENTICATOR)
        return unfit(why, "feature %s is of the unknown kind %u", feature->name, feature->kind);
    if (!feature->summary)
        return unfit(why, "feature %s has no summary", feature->name);
    if (feature->priority < 0 || feature->priority > 100)
        return unfit(why, "feature %s has priority %d, not one of 0 to 100", feature->name,
                     (int)feature->priority);
    missing = tni_required_missing(feature);
    if (missing)
        return unfit(why, "%s %s: %s", tni_kind_name(feature->kind), feature->name, missing);
    rc = check_options(feature, why);
    return rc;
}

static int check_features(const tn_module_t *module, const struct why *why)
{
    const tn_feature_t *const *features = module->features;

    if (!features || !features[0])
        return unfit(why, "it provides nothing");
    for (int i = 0; features[i]; i++) {
        int rc = i < MAX_FEATURES ? check_feature(features[i], why)
                                  : unfit(why, "more than %d features", MAX_FEATURES);

        if (rc < 0)
            return rc;
        for (int j = 0; j < i; j++) {
            if (features[j]->kind == features[i]->kind &&
                strcmp(features[j]->name, features[i]->name) == 0)
                return unfit(why, "it provides %s:%s twice", tni_kind_name(features[i]->kind),
                             features[i]->name);
        }
    }
    return 0;
}

static bool is_reference(const char *text)
{
    const char *colon = strchr(text, ':');

    return colon && tni_kind_from_name(text, (size_t)(colon - text)) != TNI_KIND_ANY &&
           tni_kind_from_name(text, (size_t)(colon - text)) != TNI_KIND_LAYER &&
           tni_is_feature_name(colon + 1, strlen(colon + 1));
}

static int check_requires(const tn_module_t *module, const struct why *why)
{
    for (const char *const *name = module->requires; name && *name; name++) {
        if (!is_reference(*name))
            return unfit(why, "it requires \"%s\", which is not KIND:NAME", *name);
    }
    return 0;
}

int tni_describe_check(const tn_module_t *module, const char *stem, char *why, size_t size)
{
    struct why reason = {.text = why, .size = size};
    int rc = check_header(module, &reason);

    if (rc == 0)
        rc = check_name(module, stem, &reason);
    if (rc == 0)
        rc = check_features(module, &reason);
    if (rc == 0)
        rc = check_requires(module, &reason);
    return rc;
}

static bool has_feature(const tn_module_t *module, const struct tni_ref *ref)
{
    for (const tn_feature_t *const *f = module->features; *f; f++) {
        if ((*f)->kind == ref->kind && strcmp((*f)->name, ref->name) == 0)
            return true;
    }
    return false;
}

static bool requires_it(const tn_module_t *module, const struct tni_ref *ref)
{
    char text[80];

    snprintf(text, sizeof text, "%s:%s", tni_kind_name(ref->kind), ref->name);
    for (const char *const *name = module->requires; name && *name; name++) {
        if (strcmp(*name, text) == 0)
            return true;
    }
    return false;
}

static int requirements_agree(const tn_module_t *module, const struct tni_manifest *manifest,
                              const struct why *why)
{
    size_t count = 0;

    if (!manifest->has_requires)
        return 0;
    for (size_t i = 0; i < manifest->requires.count; i++) {
        const struct tni_ref *ref = &manifest->requires.item[i];

        if (!requires_it(module, ref))
            return unfit(why, "the manifest requires %s:%s (%s:%u), the module does not",
                         tni_kind_name(ref->kind), ref->name, manifest->name, ref->line);
    }
    for (const char *const *name = module->requires; name && *name; name++)
        count++;
    return count <= manifest->requires.count
               ? 0
               : unfit(why, "the module requires more than \"requires\" of the manifest %s says",
                       manifest->name);
}

int tni_describe_agrees(const tn_module_t *module, const struct tni_manifest *manifest, char *why,
                        size_t size)
{
    struct why reason = {.text = why, .size = size};

    for (size_t i = 0; i < manifest->provides.count; i++) {
        const struct tni_ref *ref = &manifest->provides.item[i];

        if (!has_feature(module, ref))
            return unfit(&reason,
                         "the manifest says that it provides %s:%s (%s:%u), the module does not",
                         tni_kind_name(ref->kind), ref->name, manifest->name, ref->line);
    }
    for (const tn_feature_t *const *f = module->features; *f; f++) {
        if (!tni_refs_has(&manifest->provides, (*f)->kind, (*f)->name))
            return unfit(&reason,
                         "the module provides %s:%s, \"provides\" of the manifest %s does not "
                         "say so",
                         tni_kind_name((*f)->kind), (*f)->name, manifest->name);
    }
    return requirements_agree(module, manifest, &reason);
}
