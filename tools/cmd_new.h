/* cmd_new.h: `tenon new`, the beginning of a module. */
#ifndef TENON_TOOLS_CMD_NEW_H
#define TENON_TOOLS_CMD_NEW_H

/** argv[0] is "new". Returns the exit status. */
int cmd_new(int argc, char **argv);

#endif
