/* count.h: what the process has open. Linux; any thread. */
#ifndef TENON_TOOLS_CONFORM_COUNT_H
#define TENON_TOOLS_CONFORM_COUNT_H

int count_descriptors(void);
int count_threads(void);

#endif
