/* What Linux tells about processors, processes and the disk. */
#ifndef TESTS_LOAD_MESHLOAD_MACHINE_H
#define TESTS_LOAD_MESHLOAD_MACHINE_H

#include "tests/load/meshload/histogram.h"

#include <stddef.h>
#include <sys/types.h>

/* The first core is the generator's, the last one the server's. */
int machine_core_generator(void);
int machine_core_server(void);
void machine_pin(int core);
/* For a child: it ends with its parent, and where it is allowed, what else the machine does has to
 * wait for it. */
void machine_go_first(void);
/* Descriptors that this process may have, after asking for all. */
size_t machine_descriptors(void);

/* User and system CPU seconds of a process, and its resident memory. */
double machine_cpu_s(pid_t pid);
double machine_rss_bytes(pid_t pid);

/* A stretch of time: what it cost the server, and what else kept the machine busy. */
struct stretch {
    uint64_t began_ns;
    double server_s;
    double own_s;
    double machine_s;
};
struct stretch machine_begin(pid_t server);
/* Turns what was at the begin into what has passed since. */
void machine_end(struct stretch *stretch, pid_t server, double *seconds);

/* Adds the times of so many fdatasync of 4 KiB in the folder. 0 or -1. */
int machine_fsync(const char *folder, unsigned count, struct histogram *ns);

#endif
