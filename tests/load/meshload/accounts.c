#include "tests/load/meshload/accounts.h"

#include "host/base/mem.h"
#include "tests/load/meshload/load.h"
#include "tests/load/wire.h"

#include <stdio.h>
#include <string.h>

#define IN_FLIGHT 32
#define PASSWORD "only for the bench"
#define FILE_FORMAT "%63s %255s" /* ACCOUNT_ID_MAX and ACCOUNT_TOKEN_MAX */

struct registering {
    struct side *side;
    size_t asked;
    size_t wanted;
    bool has_session;
};

static void file_of(const struct side *side, char path[SIDE_PATH_MAX + 16])
{
    snprintf(path, SIDE_PATH_MAX + 16, "%s/tokens.txt", side->folder);
}

/* False when a part is missing or longer than anything we expect. */
static bool copy_part(char *out, size_t size, struct bytes part)
{
    if (part.len == 0 || part.len >= size) {
        return false;
    }
    memcpy(out, part.data, part.len);
    out[part.len] = '\0';
    return true;
}

static void ask(struct load *load, struct registering *r)
{
    char params[256];
    snprintf(params, sizeof(params), "{\"username\":\"load%06zu\",\"password\":\"" PASSWORD "\"}",
             r->asked);
    r->asked++;
    load_call(load, load->clients, LOAD_CALL_FIRST, "user.register", params);
}

/* The first account also opens the session that keeps this connection from being closed. */
static void open_session(struct load *load, struct registering *r, const struct account *account)
{
    char params[ACCOUNT_TOKEN_MAX + 32];
    snprintf(params, sizeof(params), "{\"token\":\"%s\"}", account->token);
    r->has_session = true;
    load->waiting++;
    load_call(load, load->clients, LOAD_CALL_FIRST, "session.open", params);
}

static void on_account(struct load *load, struct client *client, struct bytes text)
{
    struct registering *r = load->scenario;
    (void)client;
    if (!load_is_answer(text) || !load_is_good(load, text)) {
        return;
    }
    load->waiting--;
    struct account *account = &r->side->accounts[r->side->accounts_count];
    if (copy_part(account->token, ACCOUNT_TOKEN_MAX, wire_string(text, "accessToken")) &&
        copy_part(account->user, ACCOUNT_ID_MAX, wire_string(text, "userId"))) {
        r->side->accounts_count++;
        if (!r->has_session) {
            open_session(load, r, account);
        }
    }
    while (r->asked < r->wanted && r->asked - r->side->accounts_count < IN_FLIGHT) {
        ask(load, r);
    }
}

static int register_all(struct side *side, size_t count)
{
    struct load load;
    struct registering r = {.side = side, .asked = side->accounts_count, .wanted = count};
    int err = load_open(&load, side, 1, false);
    if (err == 0) {
        load.on_text = on_account;
        load.scenario = &r;
        load.waiting = count - side->accounts_count;
        ask(&load, &r);
        err = load_await(&load, "accounts");
    }
    load_close(&load);
    return err;
}

static int remember(const struct side *side)
{
    char path[SIDE_PATH_MAX + 16];
    file_of(side, path);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    for (size_t i = 0; i < side->accounts_count; i++) {
        fprintf(file, "%s %s\n", side->accounts[i].user, side->accounts[i].token);
    }
    return fclose(file) == 0 ? 0 : -1;
}

int accounts_ensure(struct side *side, size_t count)
{
    if (side->accounts_count >= count) {
        return 0;
    }
    side->accounts = mem_realloc(side->accounts, count * sizeof(struct account));
    fprintf(stderr, "meshload: registering %zu accounts at the %s\n", count - side->accounts_count,
            side->name);
    side->is_preparing = true;
    int err = side_start(side);
    if (err == 0) {
        err = register_all(side, count);
        side_stop(side);
    }
    side->is_preparing = false;
    return err ? err : remember(side);
}

void accounts_recall(struct side *side)
{
    char path[SIDE_PATH_MAX + 16];
    struct account account;
    file_of(side, path);
    FILE *file = fopen(path, "r");
    while (file != NULL && fscanf(file, FILE_FORMAT, account.user, account.token) == 2) {
        size_t count = side->accounts_count + 1;
        side->accounts = mem_realloc(side->accounts, count * sizeof(struct account));
        side->accounts[side->accounts_count++] = account;
    }
    if (file != NULL) {
        fclose(file);
    }
}

void accounts_free(struct side *side)
{
    mem_free(side->accounts);
    side->accounts = NULL;
    side->accounts_count = 0;
}
