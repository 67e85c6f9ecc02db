/* Standard input on a thread of its own: it may be a terminal, a pipe or a file, and the
 * connection's loop can't wait for all of them. */
#ifndef HOST_CLI_CHAT_KEYBOARD_H
#define HOST_CLI_CHAT_KEYBOARD_H

#include "host/cli/chat_link.h"

struct keyboard;

#define KEYBOARD_BYTES_MAX 65536 /* read and not yet taken */

/* Wakes the link whenever there is something to take. */
struct keyboard *keyboard_new(struct chat_link *link);
/* Copies what was typed; 0 when there is nothing now. */
size_t keyboard_take(struct keyboard *keyboard, char *out, size_t size);
/* The input ended and everything was taken. */
bool keyboard_is_over(struct keyboard *keyboard);
/* The link is not woken any more. The thread may sit in a read that never ends, so it and its
 * memory stay until the process ends. */
void keyboard_leave(struct keyboard *keyboard);

#endif
