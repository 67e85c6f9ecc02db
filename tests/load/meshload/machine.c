#include "tests/load/meshload/machine.h"

#include "host/base/clock.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define PATH_BYTES_MAX 1100
#define LINE_BYTES_MAX 1024
#define SYNC_BYTES 4096
#define PRIORITY (-15)

int machine_core_generator(void)
{
    return 0;
}

int machine_core_server(void)
{
    return (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
}

void machine_pin(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)core, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
        perror("meshload: no pinning");
    }
}

/* Linux shares out processors between sessions first, so priority needs a session of one's own. */
static void raise_session(void)
{
    char text[8];
    int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    int len = snprintf(text, sizeof(text), "%d", PRIORITY);
    if (fd >= 0) {
        if (write(fd, text, (size_t)len) != len) {
            perror("meshload: no priority");
        }
        close(fd);
    }
}

void machine_go_first(void)
{
    /* Who started us ends us: a key pressed at the terminal does not reach another session. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (setsid() >= 0 && setpriority(PRIO_PROCESS, 0, PRIORITY) == 0) {
        raise_session();
    }
}

size_t machine_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return (size_t)limit.rlim_cur;
}

/* The file's text, or "" when it can't be read. */
static void read_text(const char *path, char out[LINE_BYTES_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, out, LINE_BYTES_MAX - 1);
    out[len > 0 ? len : 0] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

double machine_cpu_s(pid_t pid)
{
    char path[64];
    char text[LINE_BYTES_MAX];
    unsigned long user = 0;
    unsigned long system = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    read_text(path, text);
    /* The name may have spaces and brackets; what follows the last one has not. */
    const char *rest = strrchr(text, ')');
    if (rest == NULL || sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                               &user, &system) != 2) {
        return 0;
    }
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

double machine_rss_bytes(pid_t pid)
{
    char path[64];
    char text[LINE_BYTES_MAX];
    unsigned long pages = 0;
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    read_text(path, text);
    return sscanf(text, "%*u %lu", &pages) == 1 ? (double)pages * (double)sysconf(_SC_PAGESIZE) : 0;
}

/* All that was not idle, time stolen by the hypervisor included. */
static double machine_busy_s(void)
{
    char text[LINE_BYTES_MAX];
    unsigned long v[8] = {0};
    read_text("/proc/stat", text);
    if (sscanf(text, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &v[0], &v[1], &v[2], &v[3], &v[4],
               &v[5], &v[6], &v[7]) != 8) {
        return 0;
    }
    return (double)(v[0] + v[1] + v[2] + v[5] + v[6] + v[7]) / (double)sysconf(_SC_CLK_TCK);
}

struct stretch machine_begin(pid_t server)
{
    return (struct stretch){
        .began_ns = clock_precise_ns(),
        .server_s = machine_cpu_s(server),
        .own_s = machine_cpu_s(getpid()),
        .machine_s = machine_busy_s(),
    };
}

void machine_end(struct stretch *s, pid_t server, double *seconds)
{
    struct stretch now = machine_begin(server);
    *seconds = (double)(now.began_ns - s->began_ns) / 1e9;
    s->server_s = now.server_s - s->server_s;
    s->own_s = now.own_s - s->own_s;
    s->machine_s = now.machine_s - s->machine_s;
}

int machine_fsync(const char *folder, unsigned count, struct histogram *ns)
{
    char path[PATH_BYTES_MAX];
    static const char block[SYNC_BYTES] = {1};
    snprintf(path, sizeof(path), "%s/fsync", folder);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    int err = fd < 0 ? -1 : 0;
    for (unsigned i = 0; i < count && err == 0; i++) {
        uint64_t from = clock_precise_ns();
        err = write(fd, block, sizeof(block)) == SYNC_BYTES ? fdatasync(fd) : -1;
        histogram_add(ns, clock_precise_ns() - from);
    }
    if (err != 0) {
        perror(path);
    }
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return err;
}
