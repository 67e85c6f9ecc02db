/*
 * The terminal client's screen: lines go up, the last row is where one types.
 * Through a pipe, or on a terminal that can't, lines are just printed and read.
 */
#ifndef HOST_CLI_CHAT_SCREEN_H
#define HOST_CLI_CHAT_SCREEN_H

#include "host/base/buf.h"

struct screen;

#define SCREEN_LINE_BYTES_MAX 16384 /* typed */

struct screen_events {
    void *ctx;
    void (*line)(void *ctx, struct bytes line); /* Enter was pressed; lent during the call */
    void (*edited)(void *ctx, bool is_empty);   /* the line that is being typed changed */
    void (*quit)(void *ctx);                    /* ^C, ^D on an empty line */
};

struct screen *screen_new(const struct screen_events *events);
/* Gives the terminal back as it was. */
void screen_free(struct screen *screen);
/* Also in a signal's handler: no more than giving the terminal back. */
void screen_restore(void);
/* Whether somebody sits there and types. */
bool screen_is_terminal(const struct screen *screen);
/* Bytes of standard input, as they come. */
void screen_take(struct screen *screen, struct bytes typed);
/* The rest of the input without its newline, at its end. */
void screen_take_end(struct screen *screen);

/* Colours and such of our own are allowed in it, foreign text is escaped already. */
void screen_print(struct screen *screen, struct bytes line);
/* The line printed last becomes this one; false when that can't be: print another then. */
bool screen_print_over(struct screen *screen, struct bytes line);
/* What stands before the typed line. */
void screen_prompt(struct screen *screen, struct bytes prompt);

#endif
