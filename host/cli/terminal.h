/* What is typed and shown at a terminal: secrets without echo, foreign text without its tricks. */
#ifndef HOST_CLI_TERMINAL_H
#define HOST_CLI_TERMINAL_H

#include "host/base/buf.h"

#define SECRET_BYTES_MAX 1025 /* with its NUL; the contract allows passwords of 1024 */

#define TERMINAL_WAIT_MS 2000

/*
 * Asks for a secret: on the terminal without echo, else one line of standard
 * input. 0, ERR_CLOSED (the input ended) or ERR_TOO_LARGE. Wipe it after use.
 */
int terminal_secret(const char *question, char out[SECRET_BYTES_MAX]);
/* True when standard input is a terminal, or has bytes or its end to give within
 * TERMINAL_WAIT_MS: a script that gives nothing must not wait for ever. */
bool terminal_has_input(void);
/* The first line of a file; ERR_DENIED when others may read it, and the world's errors. */
int terminal_secret_file(const char *path, char out[SECRET_BYTES_MAX]);
/* A yes or no; false too when the input ended. */
bool terminal_agrees(const char *question);

/*
 * Appends text that came from somebody else: control characters (C0, DEL, C1)
 * and what reorders a line (bidirectional marks) come out as \n, \t or \u{9b},
 * bytes that are not UTF-8 as U+FFFD.
 */
void terminal_escape(struct buf *out, struct bytes text);
/* Columns that the text takes, roughly: combining marks 0, wide characters 2. */
size_t terminal_width(struct bytes text);
/* Decodes the code point at the start of text, U+FFFD for a bad byte; gives how many bytes it is.
 */
size_t terminal_decode(struct bytes text, uint32_t *code_point);
/* Columns of one code point. */
size_t terminal_columns(uint32_t code_point);

#endif
