/*
 * detach.h: a loaded module that no longer depends on its file.
 *
 * What the loader maps is the file: whoever writes into it (cp, an unfinished download) changes the code
 * under a running process, or takes it away. So what was mapped is replaced by copies once, before the
 * module is used. One page of the file stays mapped, which nobody can read: it shows in /proc/PID/maps, and
 * to tools that look for programs with old files, what this process uses. TENON_SHARED_MODULES=1 leaves
 * all as it is, for profilers, which find a function's name by the file that is mapped there. Linux, ELF.
 */
#ifndef TNI_DETACH_H
#define TNI_DETACH_H

/** `handle` is of dlopen, which has just mapped `path`: nobody else runs it yet. Where the system refuses (no
 *  memory, a policy against new code in memory) pages stay the file's. Returns the page that shows the file,
 *  for tni_detach_forget; NULL: none. */
void *tni_detach_from_file(void *handle, const char *path);
/** The module is unloaded. NULL is allowed. */
void tni_detach_forget(void *shown);

#endif
