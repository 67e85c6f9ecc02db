/* Tells when anything below a folder changes (inotify through libuv). */
#ifndef HOST_LOOP_WATCH_H
#define HOST_LOOP_WATCH_H

#include <stddef.h>

struct loop;
struct watch;

#define WATCH_FOLDERS_MAX 256
#define WATCH_QUIET_MS 30 /* changes within this time are told once, when it is over */

/*
 * 0 and a watch of the folder and its subfolders (new ones are taken in), or
 * ERR_NOT_FOUND, ERR_FULL, ERR_IO. changed is called on the loop.
 */
int watch_new(struct watch **out, struct loop *loop, const char *folder,
              void (*changed)(void *ctx, const char *folder), void *ctx);
/* No more calls from now on; freed when the loop has turned. */
void watch_free(struct watch *watch);

#endif
