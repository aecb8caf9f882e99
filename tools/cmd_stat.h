/*
 * cmd_stat.h: `tenon stat`, what a running process says of its sockets. Main thread.
 */
#ifndef TENON_TOOLS_CMD_STAT_H
#define TENON_TOOLS_CMD_STAT_H

int cmd_stat(int argc, char **argv);

#endif
