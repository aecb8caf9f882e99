/*
 * pattern_cases.h: the cases of patterns, by the file that they stand in; pattern.c has their table.
 */
#ifndef TENON_TOOLS_CONFORM_PATTERN_CASES_H
#define TENON_TOOLS_CONFORM_PATTERN_CASES_H

#include "conform.h"

#endif
