/*
 * missing.h: modules that this build has not, because a library was missing when it was configured.
 *
 * missing.c is made by CMake of what tenon_module_missing() noted. Main thread.
 */
#ifndef TENON_TOOLS_MISSING_H
#define TENON_TOOLS_MISSING_H

#include <stdio.h>

/** A line for each: what it is and which package it needs. */
void tool_list_missing(FILE *out);
/** The same, of those alone that `sentence`, an error of the library, names in quotes. */
void tool_explain_missing(FILE *out, const char *sentence);

#endif
