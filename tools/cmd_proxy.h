/*
 * cmd_proxy.h: `tenon proxy`, two sockets and tn_proxy() between them. Main thread.
 */
#ifndef TENON_TOOLS_CMD_PROXY_H
#define TENON_TOOLS_CMD_PROXY_H

int cmd_proxy(int argc, char **argv);

#endif
