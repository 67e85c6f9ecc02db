#include "host/plugin_logs.h"

#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <pthread.h>
#include <string.h>

#define NAME_BYTES_MAX 64
#define MARK "  plugin="

struct ring {
    char name[NAME_BYTES_MAX];
    size_t name_len;
    struct bytes *lines; /* PLUGIN_LOGS_LINES_MAX; number n lies at n modulo that */
    uint64_t next;       /* number of the next line */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under lock. */
static struct ring rings[PLUGIN_LOGS_PLUGINS_MAX];
static size_t rings_count;
static void (*on_line)(void *ctx);
static void *on_line_ctx;
static struct json_doc doc;

/*
 * In a readable line the plugin's field is the last one of its name that stands
 * outside quotes: what comes from the plugin is either before it or quoted.
 */
static struct bytes plugin_of_text(struct bytes line)
{
    struct bytes found = BYTES_NONE;
    bool quoted = false;
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] == '\\') {
            i++;
        } else if (line.data[i] == '"') {
            quoted = !quoted;
        } else if (!quoted &&
                   bytes_starts_with((struct bytes){line.data + i, line.len - i}, BYTES(MARK))) {
            const char *name = line.data + i + sizeof(MARK) - 1;
            const char *end = memchr(name, ' ', line.len - (size_t)(name - line.data));
            found = (struct bytes){name, end ? (size_t)(end - name)
                                             : line.len - (size_t)(name - line.data)};
        }
    }
    return found;
}

static struct bytes plugin_of(struct bytes line)
{
    if (line.len == 0 || line.data[0] != '{') {
        return plugin_of_text(line);
    }
    if (json_parse(&doc, line, NULL)) {
        return BYTES_NONE;
    }
    const struct json_node *name = json_member(&doc, doc.nodes, "plugin");
    return name && name->type == JSON_STRING ? json_string(name) : BYTES_NONE;
}

static struct ring *find_ring(struct bytes plugin)
{
    for (size_t i = 0; i < rings_count; i++) {
        if (bytes_equal((struct bytes){rings[i].name, rings[i].name_len}, plugin)) {
            return &rings[i];
        }
    }
    return NULL;
}

static struct ring *make_ring(struct bytes plugin)
{
    bool is_name = plugin.len > 0 && plugin.len <= NAME_BYTES_MAX && plugin.data[0] >= 'a' &&
                   plugin.data[0] <= 'z'; /* "(all)" is none */
    if (rings_count == PLUGIN_LOGS_PLUGINS_MAX || !is_name) {
        return NULL;
    }
    struct ring *ring = &rings[rings_count++];
    memcpy(ring->name, plugin.data, plugin.len);
    ring->name_len = plugin.len;
    ring->lines = mem_alloc_array(PLUGIN_LOGS_LINES_MAX, sizeof(*ring->lines));
    return ring;
}

static void free_line(struct bytes line)
{
    union {
        const char *lent;
        char *ours;
    } data = {line.data}; /* it was ours when it was put here */
    mem_free(data.ours);
}

static void keep(struct ring *ring, struct bytes line)
{
    size_t len = line.len < PLUGIN_LOGS_LINE_BYTES_MAX ? line.len : PLUGIN_LOGS_LINE_BYTES_MAX;
    struct bytes *place = &ring->lines[ring->next % PLUGIN_LOGS_LINES_MAX];
    free_line(*place);
    *place = (struct bytes){mem_copy_text(line.data, len), len};
    ring->next++;
}

static void take_line(void *ctx, enum log_level level, const char *area, struct bytes line)
{
    (void)ctx;
    (void)level;
    if (strcmp(area, "plugin") != 0) {
        return;
    }
    pthread_mutex_lock(&lock);
    struct bytes plugin = plugin_of(line);
    struct ring *ring = find_ring(plugin);
    ring = ring ? ring : make_ring(plugin);
    if (ring) {
        keep(ring, line);
        if (on_line) {
            on_line(on_line_ctx);
        }
    }
    pthread_mutex_unlock(&lock);
}

void plugin_logs_open(void)
{
    json_open(&doc);
    log_set_sink(take_line, NULL);
}

void plugin_logs_close(void)
{
    log_set_sink(NULL, NULL);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < rings_count; i++) {
        for (size_t j = 0; j < PLUGIN_LOGS_LINES_MAX; j++) {
            free_line(rings[i].lines[j]);
        }
        mem_free(rings[i].lines);
    }
    memset(rings, 0, sizeof(rings));
    rings_count = 0;
    json_close(&doc);
    pthread_mutex_unlock(&lock);
}

uint64_t plugin_logs_read(struct bytes plugin, uint64_t from, uint64_t *lost, plugin_logs_line told,
                          void *ctx)
{
    pthread_mutex_lock(&lock);
    const struct ring *ring = find_ring(plugin);
    uint64_t next = ring ? ring->next : from;
    uint64_t first = next > PLUGIN_LOGS_LINES_MAX ? next - PLUGIN_LOGS_LINES_MAX : 0;
    *lost = first > from ? first - from : 0;
    for (uint64_t n = first > from ? first : from; n < next; n++) {
        told(ctx, ring->lines[n % PLUGIN_LOGS_LINES_MAX]);
    }
    pthread_mutex_unlock(&lock);
    return next;
}

void plugin_logs_on_line(void (*woken)(void *ctx), void *ctx)
{
    pthread_mutex_lock(&lock);
    on_line = woken;
    on_line_ctx = ctx;
    pthread_mutex_unlock(&lock);
}
