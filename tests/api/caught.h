/*
 * caught.h: what the process writes to its standard error, the log above all, for a test to read.
 */
#ifndef TENON_TESTS_CAUGHT_H
#define TENON_TESTS_CAUGHT_H

struct caught {
    int before; /* the real one */
    char path[40];
};

void caught_begin(struct caught *caught);
/** What has been written since; to be freed. */
char *caught_so_far(const struct caught *caught);
/** As above, and ends it. */
char *caught_end(struct caught *caught);
/** How often the words stand in the text. */
unsigned caught_count(const char *text, const char *words);

#endif
