/*
 * The runtime with three real workers: clients of every worker call, plugins
 * publish, call each other, sleep, use the database and set timers, sessions
 * open and close, and meanwhile two plugins are reloaded fifty times. For the
 * thread sanitizer above all; but every call is answered, too.
 */
#include "host/base/check.h"
#include "host/base/list.h"
#include "host/base/mem.h"
#include "host/crypto/keyring.h"
#include "host/loop/work.h"
#include "host/session/session.h"
#include "lua/budget.h"
#include "lua/runtime.h"
#include "storage/db.h"
#include "tests/unit/unit.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORKERS = 3, RELOADS = 50, CLIENTS = 4 };

static const char talker_json[] =
    "{\"name\":\"talker\",\"version\":\"1.0.0\",\"api\":\"1\",\"summary\":\"Talks.\","
    "\"capabilities\":{\"db\":{},\"timer\":true,\"call\":[\"helper.*\"],"
    "\"session\":[\"open\",\"watch\",\"deliver\"],"
    "\"bus\":{\"publish\":[\"talker.*\"],\"subscribe\":[\"talker.*\"]}},"
    "\"limits\":{\"cpuMs\":1000,\"wallMs\":30000}}";
static const char talker_lua[] =
    "local talker, heard, ticks = {}, 0, 0\n"
    "local function say(mesh, params)\n"
    "  mesh.bus.publish('talker.keyed', { n = params.n }, { key = 'k' .. params.n % 7 })\n"
    "  mesh.bus.publish('talker.said', { n = params.n })\n"
    "  local twice = assert(mesh.call('helper.twice', { n = params.n }))\n"
    "  if params.n % 5 == 0 then mesh.timer.sleep(0.002) end\n"
    "  if params.n % 3 == 0 then mesh.timer.after(0.001, 'later', { n = params.n }) end\n"
    "  assert(mesh.db.write {{ 'INSERT INTO talker_said (n) VALUES (:n)', { n = params.n } }})\n"
    "  mesh.session.deliver('user' .. params.n % 4, 'talker.event', { n = params.n })\n"
    "  return { n = twice.n }\n"
    "end\n"
    "local function login(mesh, params)\n"
    "  assert(mesh.session.open { userId = params.user, deviceId = 'd', sessionId = params.user "
    "})\n"
    "  mesh.bus.follow('talker.keyed', 'k1')\n"
    "  return {}\n"
    "end\n"
    "function talker.save() return { heard = heard } end\n"
    "function talker.restore(_, saved) heard = heard + saved.heard end\n"
    "function talker.probe() assert(heard >= 0) end\n"
    "function talker.start(mesh, saved)\n"
    "  heard = saved and saved.heard or 0\n"
    "  local s = mesh.schema\n"
    "  local any = { params = s.open_object {}, result = s.open_object {}, auth = false }\n"
    "  mesh.method('talker.say', any, say)\n"
    "  mesh.method('talker.login', any, login)\n"
    "  mesh.bus.on('talker.keyed', { keyed = true }, function() heard = heard + 1 end)\n"
    "  mesh.bus.on('talker.said', function() heard = heard + 1 end)\n"
    "  mesh.bus.on('session.opened', function() heard = heard + 1 end)\n"
    "  mesh.bus.on('session.closed', function() heard = heard + 1 end)\n"
    "  mesh.timer.on('later', function() ticks = ticks + 1 end)\n"
    "  mesh.timer.on('tick', function(m) m.bus.publish('talker.said', { n = 0 }) end)\n"
    "  mesh.timer.every('tick', 0.05, { where = 'all' })\n"
    "end\n"
    "return talker\n";
static const char helper_json[] =
    "{\"name\":\"helper\",\"version\":\"1.0.0\",\"api\":\"1\",\"summary\":\"Helps.\","
    "\"capabilities\":{\"db\":{}},\"limits\":{\"cpuMs\":1000,\"wallMs\":30000}}";
static const char helper_lua[] =
    "local helper = {}\n"
    "local function twice(mesh, args)\n"
    "  local row = args.n % 2 == 0 and assert(mesh.db.first('SELECT 2 AS two')) or { two = 2 }\n"
    "  return { n = args.n * row.two }\n"
    "end\n"
    "function helper.start(mesh) mesh.export('twice', {}, twice) end\n"
    "return helper\n";
static const char talker_sql[] = "CREATE TABLE talker_said (id INTEGER PRIMARY KEY, n INTEGER);";

struct worker;
struct client {
    struct conn conn;
    struct letter next; /* the next call is sent by letter, not inside an answer */
    struct worker *worker;
    unsigned number;
    unsigned sent;
    unsigned answers;
    unsigned events;
    unsigned errors;
    bool is_waiting;
};

struct worker {
    struct host *host;
    unsigned index;
    struct loop *loop;
    struct desk *desk;
    struct runtime_worker *runtime;
    struct conn_events events;
    struct client clients[CLIENTS];
    struct letter end;
    unsigned waiting;
    bool is_ending;
    pthread_t thread;
};

struct host {
    struct loop *loop;
    struct db *db;
    struct keyring *keyring;
    struct pool *pool;
    struct hub *hub;
    struct runtime *runtime;
    struct worker workers[WORKERS];
    pthread_barrier_t opened;
    atomic_bool calls_stop;
    atomic_uint quiet; /* workers whose clients have all their answers */
};

static struct host host;
static char root[64];
static char plugins[96];
static const char *folders[] = {plugins};

/* ---- files ---- */

static void put(const char *path, const char *text)
{
    char full[256];
    snprintf(full, sizeof(full), "%s/%s", root, path);
    FILE *file = fopen(full, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_folder(const char *path)
{
    char full[256];
    snprintf(full, sizeof(full), "%s/%s", root, path);
    assert_int_equal(mkdir(full, 0700), 0);
}

static void start_files(void)
{
    snprintf(root, sizeof(root), "/tmp/reload-XXXXXX");
    assert_non_null(mkdtemp(root));
    snprintf(plugins, sizeof(plugins), "%s/plugins", root);
    make_folder("data");
    make_folder("plugins");
    make_folder("plugins/talker");
    make_folder("plugins/talker/migrations");
    make_folder("plugins/helper");
    put("plugins/talker/plugin.json", talker_json);
    put("plugins/talker/init.lua", talker_lua);
    put("plugins/talker/migrations/0001_start.sql", talker_sql);
    put("plugins/helper/plugin.json", helper_json);
    put("plugins/helper/init.lua", helper_lua);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

/* ---- clients, each on its worker's thread ---- */

static void call_next(struct client *client)
{
    char text[160];
    bool logs_in = client->sent == 0;
    client->sent++;
    client->is_waiting = true;
    int len = snprintf(text, sizeof(text),
                       "{\"jsonrpc\":\"2.0\",\"id\":\"%u\",\"method\":\"%s\","
                       "\"params\":{\"n\":%u,\"user\":\"user%u\"}}",
                       client->sent, logs_in ? "talker.login" : "talker.say", client->sent,
                       client->number);
    client->worker->events.message(&client->conn, (struct bytes){text, (size_t)len});
}

static void client_quiet(struct client *client)
{
    struct worker *worker = client->worker;
    if (--worker->waiting == 0) {
        atomic_fetch_add(&worker->host->quiet, 1);
    }
}

static void next_deliver(struct letter *letter)
{
    struct client *client = LIST_ITEM(letter, struct client, next);
    if (atomic_load(&client->worker->host->calls_stop)) {
        client_quiet(client);
    } else {
        call_next(client);
    }
}

static void sent(struct conn *conn, struct frame *frame)
{
    struct client *client = (struct client *)(void *)conn;
    struct json_doc doc;
    json_open(&doc);
    CHECK(json_parse(&doc, frame_payload(frame), NULL) == 0);
    if (json_member(&doc, doc.nodes, "method")) {
        client->events++;
    } else {
        CHECK(client->is_waiting);
        client->is_waiting = false;
        client->answers++;
        client->errors += json_member(&doc, doc.nodes, "error") != NULL;
        client->next.deliver = next_deliver;
        loop_post_answer(client->worker->loop, &client->next);
    }
    json_close(&doc);
}

static void told_to_close(struct conn *conn, enum close_code code, struct bytes reason)
{
    (void)conn;
    (void)code;
    (void)reason;
}

static void told_to_pause(struct conn *conn, bool paused)
{
    (void)conn;
    (void)paused;
}

static void open_clients(struct worker *worker)
{
    static const struct conn_ops ops = {sent, told_to_close, told_to_pause};
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct client *client = &worker->clients[i];
        client->worker = worker;
        client->number = worker->index * CLIENTS + i;
        client->conn.ops = &ops;
        client->conn.is_loopback = true;
        snprintf(client->conn.address, sizeof(client->conn.address), "127.0.0.1");
        worker->waiting++;
        worker->events.opened(worker->events.ctx, &client->conn);
        client->next.deliver = next_deliver;
        loop_post_answer(worker->loop, &client->next);
    }
}

/* ---- workers ---- */

static void start_deliver(struct letter *letter)
{
    open_clients(LIST_ITEM(letter, struct worker, end));
}

static void end_deliver(struct letter *letter)
{
    struct worker *worker = LIST_ITEM(letter, struct worker, end);
    for (unsigned i = 0; i < CLIENTS; i++) {
        worker->events.closed(&worker->clients[i].conn);
    }
    runtime_worker_close(worker->runtime);
    loop_stop(worker->loop);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct rpc_backend backend;
    struct desk_events events;
    struct desk_limits limits = {.json_depth_max = 32};
    CHECK(budget_thread_open() == 0);
    worker->loop = loop_new();
    worker->runtime = runtime_worker_open(worker->host->runtime, worker->index, worker->loop);
    runtime_worker_backend(worker->runtime, &backend, &events);
    worker->desk =
        desk_new(worker->host->hub, worker->index, worker->loop, &limits, &backend, &events);
    runtime_worker_set_desk(worker->runtime, worker->desk);
    desk_conn_events(worker->desk, &worker->events);
    pthread_barrier_wait(&worker->host->opened);
    loop_run(worker->loop);
    budget_thread_close();
    return NULL;
}

static void post(struct worker *worker, void (*deliver)(struct letter *letter))
{
    worker->end.deliver = deliver;
    loop_post_answer(worker->loop, &worker->end);
}

/* ---- the host ---- */

struct outcome {
    bool is_done;
    int err;
    char message[512];
};

static void change_done(void *ctx, int err, const char *message)
{
    struct outcome *outcome = ctx;
    outcome->is_done = true;
    outcome->err = err;
    snprintf(outcome->message, sizeof(outcome->message), "%s", message);
}

static void await(struct outcome *outcome)
{
    while (!outcome->is_done) {
        loop_turn(host.loop, -1);
    }
    if (outcome->err) {
        fail_msg("%s", outcome->message);
    }
}

static void start_host(void)
{
    char data[96];
    char message[512];
    snprintf(data, sizeof(data), "%s/data", root);
    struct db_options db = {.folder = data, .readers = 2};
    host = (struct host){0};
    assert_int_equal(db_open(&host.db, &db, message, sizeof(message)), 0);
    host.loop = loop_new();
    host.hub = hub_new();
    host.pool = pool_new(1);
    host.keyring = keyring_new_random();
    struct runtime_options options = {
        .loop = host.loop,
        .hub = host.hub,
        .db = host.db,
        .pool = host.pool,
        .keyring = host.keyring,
        .workers = WORKERS,
        .password_memory_mib = 1,
        .password_passes = 1,
        .plugin_folders = folders,
        .plugin_folders_count = 1,
    };
    host.runtime = runtime_new(&options);
    pthread_barrier_init(&host.opened, NULL, WORKERS + 1);
    for (unsigned w = 0; w < WORKERS; w++) {
        host.workers[w].host = &host;
        host.workers[w].index = w;
        assert_int_equal(
            pthread_create(&host.workers[w].thread, NULL, worker_main, &host.workers[w]), 0);
    }
    pthread_barrier_wait(&host.opened);
    struct outcome outcome = {0};
    runtime_start(host.runtime, change_done, &outcome);
    await(&outcome);
    for (unsigned w = 0; w < WORKERS; w++) {
        post(&host.workers[w], start_deliver);
    }
}

static void end_host(void)
{
    for (unsigned w = 0; w < WORKERS; w++) {
        post(&host.workers[w], end_deliver);
        pthread_join(host.workers[w].thread, NULL); /* the others go on meanwhile */
    }
    runtime_free(host.runtime);
    for (unsigned w = 0; w < WORKERS; w++) {
        desk_free(host.workers[w].desk);
        loop_free(host.workers[w].loop);
    }
    pool_free(host.pool);
    loop_free(host.loop);
    hub_free(host.hub);
    keyring_free(host.keyring);
    db_close(host.db);
    pthread_barrier_destroy(&host.opened);
}

static void reload(unsigned i)
{
    struct outcome outcome = {0};
    runtime_reload(host.runtime, i % 2 ? "talker" : "helper", change_done, &outcome);
    runtime_metrics(host.runtime);
    await(&outcome);
}

static void wait_for_answers(void)
{
    atomic_store(&host.calls_stop, true);
    while (atomic_load(&host.quiet) < WORKERS) {
        loop_turn(host.loop, 1);
    }
}

TEST(reload, fifty_reloads_under_load_lose_and_fail_no_call)
{
    start_files();
    start_host();
    for (unsigned i = 0; i < RELOADS; i++) {
        reload(i);
    }
    wait_for_answers();
    end_host();
    for (unsigned w = 0; w < WORKERS; w++) {
        for (unsigned i = 0; i < CLIENTS; i++) {
            const struct client *client = &host.workers[w].clients[i];
            assert_int_equal(client->errors, 0);
            assert_int_equal(client->answers, client->sent);
            assert_true(client->answers > 1);
        }
    }
    assert_int_equal(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* What is under way when the server ends is cancelled, and nothing is left of it. */
TEST(reload, the_end_comes_in_the_middle_of_calls_and_a_reload)
{
    start_files();
    start_host();
    struct outcome first = {0};
    struct outcome second = {0};
    reload(0);
    runtime_reload(host.runtime, "talker", change_done, &first);
    runtime_reload(host.runtime, "helper", change_done, &second);
    loop_turn(host.loop, 0);
    end_host();
    assert_true(first.is_done);
    assert_true(second.is_done);
    assert_int_equal(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

TEST_MAIN
