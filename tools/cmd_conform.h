/*
 * cmd_conform.h: `tenon conform`, which tries a module. Main thread.
 */
#ifndef TENON_TOOLS_CMD_CONFORM_H
#define TENON_TOOLS_CMD_CONFORM_H

int cmd_conform(int argc, char **argv);

#endif
