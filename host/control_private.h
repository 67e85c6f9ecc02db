/* What control.c and control_requests.c share. */
#ifndef HOST_CONTROL_PRIVATE_H
#define HOST_CONTROL_PRIVATE_H

#include "host/base/json.h"
#include "host/base/list.h"
#include "host/control.h"
#include "host/loop/pipe.h"
#include "host/loop/work.h"

#define CONTROL_NAME_BYTES_MAX 128
#define CONTROL_PATH_BYTES_MAX 4096
#define CONTROL_MESSAGE_MAX 1024
#define CONTROL_REQUESTS_MAX 64 /* under way, all peers together */

struct control {
    struct app *app;
    struct pipe_server *server;
    struct list requests;
    size_t requests_count;
    struct json_doc doc;   /* of the line being read */
    struct letter woken;   /* a plugin logged; its letter */
    _Atomic bool is_woken; /* the letter is under way */
    bool is_ended;         /* freed when nothing is under way any more */
    int folder_fd;         /* -1, or the folder when its path is too long for a socket */
};

/* From the line until its last answer. */
struct request {
    struct list node;
    struct control *control;
    struct pipe_peer *peer; /* NULL when it is gone: the answer is for nobody */
    struct buf id;          /* JSON text */
    char plugin[CONTROL_NAME_BYTES_MAX];
    int64_t started_ns;
    /* logs -f */
    bool is_following;
    uint64_t next_line;
    /* backup */
    struct work work;
    char path[CONTROL_PATH_BYTES_MAX];
    int err;
    char message[CONTROL_MESSAGE_MAX];
    int64_t bytes;
};

/* Each ends the request. result is JSON text. */
void request_answer(struct request *request, struct bytes result);
void request_fail(struct request *request, int err, const char *message);
/* One of several answers. */
void request_tell(struct request *request, struct bytes result);

/* args is NULL or an object of control->doc, lent during the call. */
void control_request(struct request *request, struct bytes command, const struct json_node *args);
/* Tells the new lines to those who follow. */
void control_tell_lines(struct control *control);

#endif
