/*
 * fake_tree.h: a tree of manifests of a test's own, and a registry over it.
 *
 * Directories vendor, administrator, environment and api under a temporary one; the stems of
 * modules are those of tests/modules. One per test, one thread.
 */
#ifndef TESTS_FAKE_TREE_H
#define TESTS_FAKE_TREE_H

#include "module/registry.h"

struct fake_tree {
    char root[64];
    char modules[4096]; /* where the fixtures are */
    char paths[4][256];
    const char *api[2];
    struct tni_registry_places places;
    struct tni_registry_config config;
    tn_host_t host;
    struct tni_registry *registry;
};

/** Makes the directories. Fails the test when it cannot. */
void fake_tree_init(struct fake_tree *tree);

/** Writes "vendor/50-x.conf" or the like. */
void fake_tree_write(struct fake_tree *tree, const char *file, const char *text);

/** A manifest of the vendor for each name: the module of that name with the pattern of that name. */
void fake_tree_patterns(struct fake_tree *tree, const char *const *names);

/** Copies a fixture to "dir/NAME.so" of the tree. */
void fake_tree_copy(struct fake_tree *tree, const char *module, const char *file);

/** The full path of a file of the tree; one buffer per call site's lifetime: the thread's next call
 *  overwrites it. */
const char *fake_tree_path(const struct fake_tree *tree, const char *file);

/** Makes the registry, as tni_registry_new does. */
int fake_tree_open(struct fake_tree *tree);

/** Ends the registry alone. */
void fake_tree_close(struct fake_tree *tree);

/** Ends everything and removes the tree. */
void fake_tree_fini(struct fake_tree *tree);

#endif
