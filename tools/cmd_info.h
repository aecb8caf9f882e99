/*
 * cmd_info.h: `tenon info`, what modules there are and in which state. Main thread.
 */
#ifndef TENON_TOOLS_CMD_INFO_H
#define TENON_TOOLS_CMD_INFO_H

/** Returns an exit code. `argv[0]` is "info". */
int tni_cmd_info(int argc, char **argv);

#endif
