/*
 * module_file.h: what a module's shared object says about itself, without the library's help.
 *
 * Main thread. The object is opened, and stays so.
 */
#ifndef TENON_TOOLS_MODULE_FILE_H
#define TENON_TOOLS_MODULE_FILE_H

#include <tenon/module.h>

/** The descriptor of the module in the file at an absolute path; NULL: there is none, and `why` says
 *  so. What it points to is as the module's author left it: tn_module_probe judges it. */
const tn_module_t *module_file_open(const char *path, char *why, size_t size);

/** Prints the manifest that goes with the file. Returns the exit status. */
int module_file_manifest(const char *path);

#endif
