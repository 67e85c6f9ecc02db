#include "host/cli/chat_keyboard.h"

#include "host/base/check.h"
#include "host/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

struct keyboard {
    pthread_mutex_t lock;
    pthread_cond_t taken;
    /* Under lock. */
    struct chat_link *link; /* NULL: nobody takes any more */
    char bytes[KEYBOARD_BYTES_MAX];
    size_t len;
    bool is_over;
};

/* Kept reachable: it lives as long as the process. Volatile, or the compiler drops what nobody
 * reads. */
static struct keyboard *volatile the_keyboard;

static bool put(struct keyboard *keyboard, const char *bytes, size_t len, bool is_over)
{
    pthread_mutex_lock(&keyboard->lock);
    while (keyboard->link && len > sizeof(keyboard->bytes) - keyboard->len) {
        pthread_cond_wait(&keyboard->taken, &keyboard->lock);
    }
    bool goes_on = keyboard->link != NULL;
    if (goes_on) {
        memcpy(keyboard->bytes + keyboard->len, bytes, len);
        keyboard->len += len;
        keyboard->is_over = is_over;
        chat_link_wake(keyboard->link);
    }
    pthread_mutex_unlock(&keyboard->lock);
    return goes_on && !is_over;
}

static void *read_input(void *ctx)
{
    struct keyboard *keyboard = ctx;
    char bytes[4096];
    bool goes_on = true;
    while (goes_on) {
        ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        goes_on = put(keyboard, bytes, got > 0 ? (size_t)got : 0, got <= 0);
    }
    return NULL;
}

struct keyboard *keyboard_new(struct chat_link *link)
{
    pthread_t thread;
    struct keyboard *keyboard = mem_alloc(sizeof(*keyboard));
    CHECK(pthread_mutex_init(&keyboard->lock, NULL) == 0);
    CHECK(pthread_cond_init(&keyboard->taken, NULL) == 0);
    keyboard->link = link;
    the_keyboard = keyboard;
    if (pthread_create(&thread, NULL, read_input, keyboard) != 0) {
        keyboard->is_over = true;
        return keyboard;
    }
    pthread_detach(thread);
    return keyboard;
}

size_t keyboard_take(struct keyboard *keyboard, char *out, size_t size)
{
    pthread_mutex_lock(&keyboard->lock);
    size_t len = keyboard->len < size ? keyboard->len : size;
    memcpy(out, keyboard->bytes, len);
    memmove(keyboard->bytes, keyboard->bytes + len, keyboard->len - len);
    keyboard->len -= len;
    pthread_cond_signal(&keyboard->taken);
    pthread_mutex_unlock(&keyboard->lock);
    return len;
}

bool keyboard_is_over(struct keyboard *keyboard)
{
    pthread_mutex_lock(&keyboard->lock);
    bool is_over = keyboard->is_over && keyboard->len == 0;
    pthread_mutex_unlock(&keyboard->lock);
    return is_over;
}

void keyboard_leave(struct keyboard *keyboard)
{
    pthread_mutex_lock(&keyboard->lock);
    keyboard->link = NULL;
    pthread_cond_signal(&keyboard->taken);
    pthread_mutex_unlock(&keyboard->lock);
}
