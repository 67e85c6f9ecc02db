/*
 * The bare limit of the bench: what ChatterMesh's durable send costs with
 * nothing in the way. Plain epoll and SQLite, no libwebsockets, no Lua, no
 * schemas, no rights; it trusts its peer and is good for nothing else.
 *
 *     meshbare serve --data DIR --schema FILE
 *     meshbare fill --data DIR --schema FILE --messages N
 */
#include "tests/load/meshbare/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#define FILL_TEXT_BYTES 200

struct options {
    const char *data;
    const char *schema;
    int64_t messages;
};

static int usage(void)
{
    fputs("usage: meshbare serve|fill --data DIR --schema FILE [--messages N]\n", stderr);
    return 2;
}

static bool read_options(struct options *out, int argc, char **argv)
{
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--data") == 0) {
            out->data = argv[i + 1];
        } else if (strcmp(argv[i], "--schema") == 0) {
            out->schema = argv[i + 1];
        } else if (strcmp(argv[i], "--messages") == 0) {
            out->messages = strtoll(argv[i + 1], NULL, 10);
        } else {
            return false;
        }
    }
    return argc % 2 == 0 && out->data != NULL && out->schema != NULL;
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int serve(const struct options *options)
{
    int done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct store *store = store_new(options->data, options->schema, done_fd);
    if (store == NULL) {
        return 1;
    }
    raise_descriptors();
    calls_open(store);
    int err = server_run(done_fd, &(struct server_handlers){
                                      .on_message = calls_on_message,
                                      .on_close = calls_on_close,
                                      .on_done = calls_on_done,
                                      .on_turn = calls_on_turn,
                                  });
    store_free(store);
    calls_close();
    return err ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    if (argc < 2 || !read_options(&options, argc, argv)) {
        return usage();
    }
    if (strcmp(argv[1], "serve") == 0) {
        return serve(&options);
    }
    if (strcmp(argv[1], "fill") == 0) {
        return store_fill(options.data, options.schema, options.messages, FILL_TEXT_BYTES) ? 1 : 0;
    }
    return usage();
}
