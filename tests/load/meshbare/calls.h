/* The calls of the protocol that the bench makes, with the real server's answers and events. */
#ifndef TESTS_LOAD_MESHBARE_CALLS_H
#define TESTS_LOAD_MESHBARE_CALLS_H

#include "tests/load/meshbare/server.h"
#include "tests/load/meshbare/store.h"

void calls_open(struct store *store);
void calls_close(void);
void calls_on_message(struct conn *conn, struct bytes text);
void calls_on_close(struct conn *conn);
/* At the end of a loop turn: the store is given all its jobs at once. */
void calls_on_turn(void);
/* Answers what the store has finished; fd is its eventfd. */
void calls_on_done(int fd);

#endif
