/* cmd_check.h: `tenon check`, whether a deployment's configuration is good, and what an endpoint becomes. */
#ifndef TENON_TOOLS_CMD_CHECK_H
#define TENON_TOOLS_CMD_CHECK_H

/** argv[0] is "check". Returns the exit status. */
int cmd_check(int argc, char **argv);

#endif
