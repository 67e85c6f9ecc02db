/* SIGTERM, SIGINT and SIGHUP, told on a loop. */
#ifndef HOST_LOOP_SIGNALS_H
#define HOST_LOOP_SIGNALS_H

#include <signal.h>

struct loop;
struct signals;

/* Returns a watch of the three signals; one a process. SIGPIPE is ignored from now on. */
struct signals *signals_new(struct loop *loop, void (*told)(void *ctx, int signal_number),
                            void *ctx);
/* Freed when the loop has turned. */
void signals_free(struct signals *signals);

#endif
