/*
 * registry.h: which features there are, and the way to a loaded one.
 *
 * One registry per context. It reads the manifests when first asked, opens a module when a feature is
 * first wanted by name, and remembers why one could not be had. All calls come from application
 * threads and take the registry's own mutex; what they return lives until tni_registry_free.
 */
#ifndef TNI_REGISTRY_H
#define TNI_REGISTRY_H

#include <stdbool.h>

#include <tenon/authenticator.h>
#include <tenon/mechanism.h>
#include <tenon/module.h>
#include <tenon/pattern.h>
#include <tenon/transport.h>

struct tni_registry;

/** A loaded feature: its ops in a full table, so that nobody tests for NULL. */
struct tni_feature {
    tn_feature_kind_t kind;
    const char *name;
    const tn_module_t *module;
    tn_module_state_t *module_state;
    const tn_option_desc_t *options; /* ended by TN_OPTION_END; never NULL */
    union {
        tn_transport_ops_t transport;
        tn_pattern_ops_t pattern;
        tn_mechanism_ops_t mechanism;
        tn_authenticator_ops_t authenticator;
    } ops;
};

enum { TNI_MAX_LAYERS = 6 };

/** What a scheme stands for: the transport at the bottom and the layers above it. */
struct tni_scheme {
    unsigned depth; /* 1: the transport alone */
    const struct tni_feature *layer[TNI_MAX_LAYERS]; /* [0] is the bottom      */
};

/** Where things are, for tests: a NULL or false member means "as built". Never reachable from the
 *  environment. */
struct tni_registry_places {
    const char *vendor; /* directory of the manifests that were installed */
    const char *administrator; /* directory of the administrator's manifests */
    const char *modules; /* directory that a manifest's stem is relative to */
    const char *program; /* what `match` is compared with */
    const tn_module_t *const *builtin; /* instead of the modules that are linked in */
    bool is_secure; /* as if privileges had been raised: no environment */
    bool is_privileged; /* as if run by root: strict about owners and groups */
    bool is_unprivileged; /* as if not run by root */
};

struct tni_registry_config {
    const char *const *directories; /* from the API, lowest first, ended by NULL; may be NULL */
    const char *modules; /* instead of TENON_MODULES, or NULL */
    bool allow_load; /* false: built-in modules only */
    /** Features that the core has itself (the mechanism "null"), as modules without a file, ended by
     *  NULL; may be NULL. An include list never excludes them. */
    const tn_module_t *const *core_modules;
    const tn_module_t *const *own_modules; /* of the program, as if linked in; likewise, or NULL */
    const struct tni_registry_places *places; /* NULL: as built */
};

/** Reads the policy and the manifests, and loads what is `load = eager` or `required = yes`. The
 *  config is not kept; `host` must outlive the registry.
 *  -TN_EMODULE: a required module does not load, the module selection is wrong, or a manifest's
 *  policy cannot be read (a policy that is not understood is never taken for none); -ENOMEM. */
int tni_registry_new(const struct tni_registry_config *config, const tn_host_t *host,
                     struct tni_registry **out_registry);

/** Whether a module of the program's own may be added. -TN_EMODULE where nothing could be said of it
 *  later: in a registry of fixed modules. */
int tni_registry_admit(const tn_module_t *module);

/** Ends every module that was started. NULL is allowed. */
void tni_registry_free(struct tni_registry *registry);

/** A pattern or mechanism by name, loaded if need be. -TN_EMODULE (the sentence has the true reason,
 *  or the nearest known name), -TN_EDENIED. */
int tni_registry_find(struct tni_registry *registry, tn_feature_kind_t kind, const char *name,
                      const struct tni_feature **out_feature);

/** The feature whose options begin with `name` and a dot: a transport, mechanism or authenticator,
 *  loaded if need be. Errors as above. */
int tni_registry_owner(struct tni_registry *registry, const char *name,
                       const struct tni_feature **out_feature);

/** The endpoint lookup: `scheme` as the program wrote it ("tcp", "tls+ipc"), alias and deny applied,
 *  the layers below resolved by the layer lookup. Errors as above. */
int tni_registry_endpoint(struct tni_registry *registry, const char *scheme,
                          struct tni_scheme *out_scheme);

/** The default of an option, the manifests' value if they have one. `out_source` (may be NULL)
 *  tells where it came from: "default", or "file:line". -TN_ENOOPTION. */
int tni_registry_default(struct tni_registry *registry, const struct tni_feature *feature,
                         const char *option, tn_value_t *out_value, const char **out_source);

enum { TNI_SOURCE_MAX = 4200 };

/** What the manifests say of every socket and every context. */
struct tni_global {
    const char *name; /* "socket.max_parts", "context.io_threads" */
    const char *value; /* as it is written; so long as the registry */
    char source[TNI_SOURCE_MAX]; /* "file:line" */
};

/** The n-th of them, in the order in which they count: a later one replaces one of the same name. False
 *  after the last. */
bool tni_registry_global(struct tni_registry *registry, size_t index,
                         struct tni_global *out_global);

/** Where the deployment wants `tenon stat` to find the process: a directory or a path, as long as the
 *  registry; NULL: it does not say. */
const char *tni_registry_control(struct tni_registry *registry);

/** The module_state of the host table: of the module's instance in this context; NULL: none. No
 *  lock: any thread, also from inside a module's init. */
tn_module_state_t *tni_registry_module_state(struct tni_registry *registry,
                                             const tn_module_t *module);

#endif
