/*
 * What a plugin's start() registered, as plain data: one entry a registration.
 * The cells of one generation register the same on every worker, so the first
 * cell's wiring serves them all; an entry's place in it is the place of its
 * handler in each cell's handler table.
 */
#ifndef LUA_WIRING_H
#define LUA_WIRING_H

#include "host/base/buf.h"
#include "lua/manifest.h"

struct schema;

enum entry_kind {
    ENTRY_METHOD,
    ENTRY_EVENT, /* documentation only, no handler */
    ENTRY_EXPORT,
    ENTRY_POINT, /* no handler */
    ENTRY_HOOK,
    ENTRY_ROUTE,
    ENTRY_COMMAND,
    ENTRY_BEARER,
    ENTRY_UPGRADE,
    ENTRY_BUS,
    ENTRY_TIMER,
    ENTRY_EVERY, /* no handler of its own: fires the ENTRY_TIMER of this name */
};

enum hook_stage { STAGE_AUTHORIZE, STAGE_VALIDATE, STAGE_TRANSFORM, STAGE_OBSERVE, STAGES };

#define WIRING_ENTRIES_MAX 1024

struct entry {
    enum entry_kind kind;
    char *name; /* "chat.send"; of a route "GET /api/messages"; of a command "user add" */
    struct schema *params; /* method, export: params; route: body */
    struct schema *result;
    struct schema *query;  /* route */
    char *doc;             /* the options as JSON text, for the API documents; NULL if none */
    bool is_open;          /* method, route: served without a login */
    bool limit_by_address; /* method: own limit */
    double limit_per_s;    /* 0: none */
    double limit_burst;
    enum hook_stage stage;
    struct text_list before; /* plugins */
    struct text_list after;
    bool fail_closed;
    bool one_worker; /* bus, every */
    bool keyed;      /* bus */
    double every_s;
};

struct wiring {
    struct entry *entries;
    size_t count;
    size_t capacity;
};

struct wiring *wiring_new(void);
void wiring_free(struct wiring *wiring);
/* Lends a new, zeroed entry until the next add, or NULL when full. name is copied. */
struct entry *wiring_add(struct wiring *wiring, enum entry_kind kind, struct bytes name);
const struct entry *wiring_find(const struct wiring *wiring, enum entry_kind kind,
                                struct bytes name);
/* The first difference in words, or false when both register the same. */
bool wiring_differs(const struct wiring *a, const struct wiring *b, char *message,
                    size_t message_size);
const char *entry_kind_name(enum entry_kind kind);

#endif
