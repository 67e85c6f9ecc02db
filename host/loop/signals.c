#include "host/loop/signals.h"

#include "host/base/check.h"
#include "host/base/mem.h"
#include "host/loop/loop.h"

#include <uv.h>

#define SIGNALS 3
static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

struct signals {
    uv_signal_t handles[SIGNALS];
    void (*told)(void *ctx, int signal_number);
    void *ctx;
    int open;
};

static void signals_cb(uv_signal_t *handle, int signal_number)
{
    struct signals *signals = handle->data;
    signals->told(signals->ctx, signal_number);
}

struct signals *signals_new(struct loop *loop, void (*told)(void *ctx, int signal_number),
                            void *ctx)
{
    struct signals *signals = mem_alloc(sizeof(*signals));
    signals->told = told;
    signals->ctx = ctx;
    signals->open = SIGNALS;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < SIGNALS; i++) {
        CHECK(uv_signal_init(loop_native(loop), &signals->handles[i]) == 0);
        signals->handles[i].data = signals;
        CHECK(uv_signal_start(&signals->handles[i], signals_cb, numbers[i]) == 0);
    }
    return signals;
}

static void closed_cb(uv_handle_t *handle)
{
    struct signals *signals = handle->data;
    if (--signals->open == 0) {
        mem_free(signals);
    }
}

void signals_free(struct signals *signals)
{
    for (int i = 0; i < SIGNALS; i++) {
        uv_close((uv_handle_t *)&signals->handles[i], closed_cb);
    }
}
