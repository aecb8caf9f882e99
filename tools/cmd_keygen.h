/* cmd_keygen.h: `tenon keygen`, keys and certificates for trying things out. Main thread. */
#ifndef TENON_TOOLS_CMD_KEYGEN_H
#define TENON_TOOLS_CMD_KEYGEN_H

/** Runs the command; `argv[0]` is its name. Returns an exit code of usage.h. */
int cmd_keygen(int argc, char **argv);

#endif
