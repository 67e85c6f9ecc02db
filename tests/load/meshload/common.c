#include "host/base/clock.h"
#include "tests/load/meshload/bench.h"
#include "tests/load/wire.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void bench_send(struct bench *bench, struct load *load, struct client *client, int64_t call)
{
    char params[TEXT_BYTES + 256];
    static char text[TEXT_BYTES];
    memset(text, 'm', sizeof(text));
    snprintf(params, sizeof(params),
             "{\"chatId\":\"%s\",\"clientMsgId\":\"%llx-%llx\",\"type\":\"text\","
             "\"content\":{\"text\":\"%.*s\"}}",
             client->chat, (unsigned long long)getpid(), (unsigned long long)bench->sends++,
             TEXT_BYTES, text);
    load_call(load, client, call, "chat.send", params);
}

static void on_chat(struct load *load, struct client *client, struct bytes text)
{
    if (!load_is_answer(text) || !load_is_good(load, text)) {
        return;
    }
    struct bytes chat = wire_string(text, "chatId");
    size_t len = chat.len < sizeof(client->chat) ? chat.len : sizeof(client->chat) - 1;
    memcpy(client->chat, chat.data, len);
    client->chat[len] = '\0';
    memcpy(load->clients[client->index ^ 1].chat, client->chat, sizeof(client->chat));
    load->waiting--;
}

int bench_open_chats(struct load *load)
{
    load->on_text = on_chat;
    for (size_t first = 0; first < load->count && load->errors == 0; first += LOAD_OPENING_MAX) {
        for (size_t i = first; i < first + LOAD_OPENING_MAX && i + 1 < load->count; i += 2) {
            char params[ACCOUNT_ID_MAX + 32];
            snprintf(params, sizeof(params), "{\"userId\":\"%s\"}",
                     load->clients[i + 1].account->user);
            load->waiting++;
            load_call(load, &load->clients[i], LOAD_CALL_FIRST, "chat.open", params);
        }
        if (load_await(load, "chats") != 0) {
            return -1;
        }
    }
    return 0;
}

void bench_add_latency(struct bench *bench, const char *scenario, const struct side *side,
                       const struct histogram *ns)
{
    static const struct {
        const char *name;
        double share;
    } points[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}};
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        report_add(&bench->report, scenario, points[i].name, "ms", side->is_bare,
                   (double)histogram_at(ns, points[i].share) / 1e6);
    }
    report_add(&bench->report, scenario, "max", "ms", side->is_bare, (double)ns->max / 1e6);
}

void bench_add_cost(struct bench *bench, const char *scenario, const struct side *side,
                    const char *name, const struct stretch *stretch, double seconds, double count)
{
    double capacity = seconds * (double)sysconf(_SC_NPROCESSORS_ONLN);
    report_add(&bench->report, scenario, name, "us", side->is_bare,
               count > 0 ? stretch->server_s / count * 1e6 : 0);
    report_add(&bench->report, scenario, "generator's core", "% busy", side->is_bare,
               stretch->own_s / seconds * 100);
    report_add(&bench->report, scenario, "others on the machine", "% busy", side->is_bare,
               (stretch->machine_s - stretch->server_s - stretch->own_s) / capacity * 100);
}

int bench_verdict(const struct load *load)
{
    if (load->errors > 0 || load->dead > 0) {
        fprintf(stderr, "meshload: the %s answered %zu errors and lost %zu connections\n",
                load->side->name, load->errors, load->dead);
        return -1;
    }
    return 0;
}
