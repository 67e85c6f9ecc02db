#include "tests/load/meshload/side.h"

#include "host/base/clock.h"
#include "tests/load/meshload/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY "listening on http://127.0.0.1:"
#define ARGUMENTS_MAX 24
#define POLL_MS 10

/* Execution of a program takes its list of arguments without const. */
static void exec_program(const char *const *arguments)
{
    char *copies[ARGUMENTS_MAX];
    size_t count = 0;
    while (arguments[count] != NULL && count + 1 < ARGUMENTS_MAX) {
        copies[count] = strdup(arguments[count]);
        count++;
    }
    copies[count] = NULL;
    execv(copies[0], copies);
    fprintf(stderr, "meshload: %s: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

pid_t side_spawn(const char *const *arguments)
{
    pid_t pid = fork();
    if (pid == 0) {
        int nothing = open("/dev/null", O_WRONLY);
        dup2(nothing, STDOUT_FILENO);
        exec_program(arguments);
    }
    return pid;
}

int side_run(const char *const *arguments)
{
    int status = 0;
    pid_t pid = side_spawn(arguments);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int side_fill(const struct side *side, int64_t messages)
{
    char count[32];
    snprintf(count, sizeof(count), "%lld", (long long)messages);
    return side_run((const char *const[]){side->filler, "fill", "--data", side->folder, "--schema",
                                          side->schema, "--messages", count, NULL});
}

static void exec_side(const struct side *side)
{
    if (side->is_bare) {
        exec_program((const char *const[]){side->program, "serve", "--data", side->folder,
                                           "--schema", side->schema, NULL});
    }
    exec_program((const char *const[]){side->program, "serve", "--listen", "127.0.0.1:0", "--data",
                                       side->folder, "--workers", "1", "--limits", "off", "--set",
                                       "password_memory_mib=8", "--set", "password_passes=1",
                                       "--set", "plugins.users.accessTokenS=86400", NULL});
}

/* What the child is before it becomes the program. */
static void become_side(const struct side *side, int out)
{
    char path[SIDE_PATH_MAX + 16];
    if (side->is_preparing) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    } else {
        machine_pin(machine_core_server());
        machine_go_first();
    }
    snprintf(path, sizeof(path), "%s/log.txt", side->folder);
    int log = open(path, O_CREAT | O_APPEND | O_WRONLY, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    exec_side(side);
}

/* Reads until the line that says the port. */
static int await_ready(struct side *side, int in)
{
    char text[512];
    size_t len = 0;
    int64_t until = clock_steady_ms() + SIDE_READY_MS_MAX;
    while (clock_steady_ms() < until && len < sizeof(text) - 1) {
        struct pollfd wait = {.fd = in, .events = POLLIN};
        ssize_t got =
            poll(&wait, 1, POLL_MS) > 0 ? read(in, text + len, sizeof(text) - 1 - len) : -1;
        if (got == 0) {
            break;
        }
        len += got > 0 ? (size_t)got : 0;
        text[len] = '\0';
        const char *at = strstr(text, READY);
        if (at != NULL && strchr(at, '\n') != NULL) {
            side->port = (uint16_t)strtol(at + sizeof(READY) - 1, NULL, 10);
            return 0;
        }
    }
    fprintf(stderr, "meshload: the %s did not start; see %s/log.txt\n", side->name, side->folder);
    return -1;
}

int side_start(struct side *side)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        perror("meshload: pipe");
        return -1;
    }
    side->pid = fork();
    if (side->pid == 0) {
        become_side(side, pipes[1]);
    }
    close(pipes[1]);
    int err = side->pid < 0 ? -1 : await_ready(side, pipes[0]);
    close(pipes[0]);
    if (err != 0) {
        side_kill(side);
    }
    return err;
}

static bool is_gone(pid_t pid, int64_t within_ms)
{
    int64_t until = clock_steady_ms() + within_ms;
    while (clock_steady_ms() < until) {
        if (waitpid(pid, NULL, WNOHANG) != 0) {
            return true;
        }
        poll(NULL, 0, POLL_MS);
    }
    return false;
}

void side_kill(struct side *side)
{
    if (side->pid > 0) {
        kill(side->pid, SIGKILL);
        waitpid(side->pid, NULL, 0);
    }
    side->pid = 0;
}

void side_stop(struct side *side)
{
    if (side->pid > 0) {
        kill(side->pid, SIGTERM);
        if (is_gone(side->pid, SIDE_STOP_MS_MAX)) {
            side->pid = 0;
            return;
        }
        fprintf(stderr, "meshload: the %s does not end, so it is killed\n", side->name);
    }
    side_kill(side);
}
