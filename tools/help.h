/*
 * help.h: the help texts of `tenon` and its commands. Standard output, main thread.
 */
#ifndef TENON_TOOLS_HELP_H
#define TENON_TOOLS_HELP_H

/** The list of commands. */
void help_overview(void);
/** The help of a peer command ("pub", "req", ...). */
void help_peer(const char *command);
void help_proxy(void);
void help_stat(void);

#endif
