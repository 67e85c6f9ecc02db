#include "tests/load/meshload/load.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "tests/load/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 1024
#define SOURCES 8 /* of 127.0.0.2 and on, since one has some 28,000 ports only */
#define SESSION_CALL 1
#define ANSWER_HEAD 48 /* bytes at a message's begin that tell what it is */
#define REQUEST                                                                                    \
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"         \
    "Sec-WebSocket-Key: " WIRE_KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n"

static void die(struct load *load, struct client *c, const char *why)
{
    if (c->state == CLIENT_DEAD) {
        return;
    }
    if (load->dead++ == 0) {
        fprintf(stderr, "meshload: the %s lost connection %u: %s\n", load->side->name, c->index,
                why);
    }
    c->state = CLIENT_DEAD;
    close(c->fd);
    c->fd = -1;
}

/* ---- out ---- */

/* Waits for room in the socket: a scenario never has more on its way than it wants. */
static void send_all(struct load *load, struct client *c, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(c->fd, data, len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            die(load, c, strerror(errno));
            return;
        }
        if (sent < 0) {
            struct pollfd wait = {.fd = c->fd, .events = POLLOUT};
            if (poll(&wait, 1, LOAD_STUCK_MS_MAX) <= 0) {
                die(load, c, "it does not read");
                return;
            }
            sent = 0;
        }
        data += sent;
        len -= (size_t)sent;
    }
}

static void send_frame(struct load *load, struct client *c, unsigned opcode, char *payload,
                       size_t len)
{
    char frame[WIRE_HEAD_MAX + LOAD_PARAMS_MAX + 256];
    size_t head = wire_head(frame, opcode, len, true);
    memcpy(frame + head, payload, len);
    wire_mask(frame + head, len, frame + head - 4);
    send_all(load, c, frame, head + len);
}

void load_call(struct load *load, struct client *c, int64_t id, const char *method,
               const char *params)
{
    char text[LOAD_PARAMS_MAX + 128];
    int len = snprintf(text, sizeof(text),
                       "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"method\":\"%s\",\"params\":%s}",
                       (long long)id, method, params);
    if (c->state != CLIENT_DEAD) {
        send_frame(load, c, WIRE_TEXT, text, (size_t)len);
    }
}

void load_cork(struct client *c, bool is_corked)
{
    int value = is_corked;
    setsockopt(c->fd, IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
}

/* ---- what comes ---- */

bool load_is_answer(struct bytes text)
{
    size_t head = text.len < ANSWER_HEAD ? text.len : ANSWER_HEAD;
    return memmem(text.data, head, "\"method\":", 9) == NULL;
}

bool load_is_good(struct load *load, struct bytes answer)
{
    size_t head = answer.len < ANSWER_HEAD ? answer.len : ANSWER_HEAD;
    if (memmem(answer.data, head, "\"error\":", 8) == NULL) {
        return true;
    }
    if (load->errors++ == 0) {
        fprintf(stderr, "meshload: the %s answered %.*s\n", load->side->name, (int)answer.len,
                answer.data);
    }
    return false;
}

static void on_text(struct load *load, struct client *c, struct bytes text)
{
    if (c->state == CLIENT_READY) {
        if (load->on_text != NULL) {
            load->on_text(load, c, text);
        }
    } else if (load_is_answer(text)) {
        if (load_is_good(load, text)) {
            c->state = CLIENT_READY;
            load->ready++;
        } else {
            die(load, c, "no session");
        }
    }
}

static void open_session(struct load *load, struct client *c)
{
    char params[ACCOUNT_TOKEN_MAX + 32];
    if (!load->authenticates) {
        c->state = CLIENT_READY;
        load->ready++;
        return;
    }
    c->state = CLIENT_OPENING;
    snprintf(params, sizeof(params), "{\"token\":\"%s\"}", c->account->token);
    load_call(load, c, SESSION_CALL, "session.open", params);
}

/* Bytes of the answer to the upgrade, or 0 when it goes on. */
static long take_upgrade(struct load *load, struct client *c, char *data, size_t len)
{
    const char *end = memmem(data, len, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }
    if (len < 12 || memcmp(data, "HTTP/1.1 101", 12) != 0) {
        die(load, c, "the upgrade was refused");
        return -1;
    }
    open_session(load, c);
    return end + 4 - data;
}

static long take_frame(struct load *load, struct client *c, char *data, size_t len)
{
    struct wire_frame frame;
    long used = wire_take(data, len, LOAD_FRAME_MAX, &frame);
    if (used < 0 || (used > 0 && frame.opcode == WIRE_CLOSE)) {
        die(load, c, used < 0 ? "a frame is too large" : "closed by the server");
        return -1;
    }
    if (used > 0 && frame.opcode == WIRE_TEXT) {
        on_text(load, c, frame.payload);
    } else if (used > 0 && frame.opcode == WIRE_PING) {
        send_frame(load, c, WIRE_PONG, data + used - (long)frame.payload.len, frame.payload.len);
    }
    return used;
}

static void feed(struct load *load, struct client *c, char *data, size_t len)
{
    long used = 1;
    while (used > 0 && len > 0 && c->state != CLIENT_DEAD) {
        used = c->state == CLIENT_UPGRADING ? take_upgrade(load, c, data, len)
                                            : take_frame(load, c, data, len);
        if (used > 0) {
            data += used;
            len -= (size_t)used;
        }
    }
    if (len > 0 && c->state != CLIENT_DEAD) {
        c->held = mem_alloc(len);
        c->held_bytes = (uint32_t)len;
        memcpy(c->held, data, len);
    }
}

static void on_readable(struct load *load, struct client *c)
{
    static char buffer[2 * LOAD_FRAME_MAX];
    size_t before = c->held_bytes;
    if (before > 0) {
        memcpy(buffer, c->held, before);
        mem_free(c->held);
        c->held = NULL;
        c->held_bytes = 0;
    }
    ssize_t len = recv(c->fd, buffer + before, LOAD_FRAME_MAX, 0);
    if (len == 0 || (len < 0 && errno != EAGAIN)) {
        die(load, c, len == 0 ? "closed without a word" : strerror(errno));
        return;
    }
    feed(load, c, buffer, before + (len > 0 ? (size_t)len : 0));
}

static void on_connected(struct load *load, struct client *c)
{
    int error = 0;
    socklen_t len = sizeof(error);
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        die(load, c, strerror(error));
        return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(load->epoll, EPOLL_CTL_MOD, c->fd, &event);
    c->state = CLIENT_UPGRADING;
    send_all(load, c, REQUEST, sizeof(REQUEST) - 1);
}

void load_turn(struct load *load, int64_t wait_ns)
{
    static struct epoll_event events[EVENTS];
    struct timespec wait = {wait_ns / 1000000000, wait_ns % 1000000000};
    int count = epoll_pwait2(load->epoll, events, EVENTS, &wait, NULL);
    for (int i = 0; i < count; i++) {
        struct client *c = events[i].data.ptr;
        if (c->state == CLIENT_CONNECTING) {
            on_connected(load, c);
        } else if (c->state != CLIENT_DEAD) {
            on_readable(load, c);
        }
    }
}

int load_await(struct load *load, const char *what)
{
    size_t before = load->waiting;
    int64_t until = clock_steady_ms() + LOAD_STUCK_MS_MAX;
    while (load->waiting > 0 && load->dead == 0 && load->errors == 0) {
        if (load->waiting != before) {
            before = load->waiting;
            until = clock_steady_ms() + LOAD_STUCK_MS_MAX;
        }
        if (clock_steady_ms() > until) {
            break;
        }
        load_turn(load, 10000000);
    }
    if (load->waiting > 0 && load->dead == 0 && load->errors == 0) {
        fprintf(stderr, "meshload: the %s still owes %zu of: %s\n", load->side->name, load->waiting,
                what);
    }
    return load->waiting > 0 ? -1 : 0;
}

void load_rest(struct load *load, int64_t ms)
{
    int64_t until = clock_steady_ms() + ms;
    while (clock_steady_ms() < until) {
        load_turn(load, 1000000);
    }
}

/* ---- opening ---- */

static void start_client(struct load *load, struct client *c)
{
    int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        die(load, c, strerror(errno));
        return;
    }
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + c->index % SOURCES);
    int err = bind(c->fd, (struct sockaddr *)&address, sizeof(address));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(load->side->port);
    if (err != 0 || (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) != 0 &&
                     errno != EINPROGRESS)) {
        die(load, c, strerror(errno));
        return;
    }
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
    epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event);
}

int load_open(struct load *load, struct side *side, size_t count, bool authenticates)
{
    *load = (struct load){.side = side, .count = count, .authenticates = authenticates};
    load->clients = mem_alloc_array(count, sizeof(struct client));
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    size_t before = 0;
    int64_t until = clock_steady_ms() + LOAD_STUCK_MS_MAX;
    while (load->ready < count && load->dead == 0 && clock_steady_ms() < until) {
        while (load->started < count && load->started - load->ready < LOAD_OPENING_MAX) {
            struct client *c = &load->clients[load->started];
            c->index = (uint32_t)load->started++;
            c->account = authenticates ? &side->accounts[c->index] : NULL;
            start_client(load, c);
        }
        load_turn(load, 10000000);
        if (load->ready != before) {
            before = load->ready;
            until = clock_steady_ms() + LOAD_STUCK_MS_MAX;
        }
    }
    if (load->ready < count) {
        fprintf(stderr, "meshload: only %zu of %zu connections to the %s opened\n", load->ready,
                count, side->name);
    }
    return load->ready < count ? -1 : 0;
}

void load_close(struct load *load)
{
    for (size_t i = 0; i < load->started; i++) {
        if (load->clients[i].fd >= 0) {
            close(load->clients[i].fd);
        }
        mem_free(load->clients[i].held);
    }
    close(load->epoll);
    mem_free(load->clients);
}
