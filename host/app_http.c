/* HTTP that is the host's own: probes, metrics, the web client. The rest is the runtime's. */
#include "host/app_private.h"
#include "host/app_stats.h"
#include "host/base/embedded.h"
#include "host/base/metric.h"
#include "lua/http.h"

#include <stdio.h>
#include <string.h>

#define METRICS_BYTES_MAX (16U << 20)
#define WEB_FOLDER "examples/web"

static void answer_text(struct http_request *request, int status, const char *type,
                        struct bytes body)
{
    struct http_header headers[] = {
        {"content-type", type},
        {"x-content-type-options", "nosniff"},
        {"content-security-policy",
         "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob: data:; "
         "frame-ancestors 'none'"},
    };
    http_answer(request, status, headers, sizeof(headers) / sizeof(headers[0]), body);
}

static void answer_ready(struct app *app, struct http_request *request)
{
    struct db_stats stats;
    db_stats(app->db, &stats);
    if (app_is_draining(app)) {
        answer_text(request, 503, "text/plain", BYTES("draining\n"));
    } else if (!runtime_is_ready(app->runtime)) {
        answer_text(request, 503, "text/plain", BYTES("plugins are starting\n"));
    } else if (stats.err) {
        answer_text(request, 503, "text/plain", BYTES("storage cannot write\n"));
    } else {
        answer_text(request, 200, "text/plain", BYTES("ready\n"));
    }
}

static void answer_metrics(struct app *app, struct http_request *request)
{
    struct buf out;
    buf_open(&out, METRICS_BYTES_MAX);
    runtime_metrics(app->runtime); /* seen by the next scrape; each worker writes its own */
    app_stats_metrics(app);
    metric_write(&out);
    answer_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", buf_bytes(&out));
    buf_close(&out);
}

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},   {".svg", "image/svg+xml"},
        {".json", "application/json"},         {".webmanifest", "application/manifest+json"},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t len = strlen(path);
        size_t suffix = strlen(types[i][0]);
        if (len > suffix && strcmp(path + len - suffix, types[i][0]) == 0) {
            return types[i][1];
        }
    }
    return "application/octet-stream";
}

static bool answer_web(struct app *app, struct http_request *request)
{
    char path[HTTP_PATH_MAX + sizeof(WEB_FOLDER) + 16];
    const char *asked = http_path(request);
    bool is_read =
        strcmp(http_method(request), "GET") == 0 || strcmp(http_method(request), "HEAD") == 0;
    if (!app->config->web_client || !is_read) {
        return false;
    }
    snprintf(path, sizeof(path), "%s%s", WEB_FOLDER,
             strcmp(asked, "/") == 0 ? "/index.html" : asked);
    for (size_t i = 0; i < embedded_files_count; i++) {
        const struct embedded_file *file = &embedded_files[i];
        if (strcmp(file->path, path) == 0) {
            answer_text(request, 200, type_of(path), (struct bytes){file->data, file->len});
            return true;
        }
    }
    return false;
}

void app_http_request(struct app *app, struct runtime_worker *worker, struct http_request *request)
{
    const char *path = http_path(request);
    if (strcmp(path, "/healthz") == 0) {
        answer_text(request, 200, "text/plain", BYTES("ok\n"));
    } else if (strcmp(path, "/readyz") == 0) {
        answer_ready(app, request);
    } else if (strcmp(path, "/metrics") == 0) {
        answer_metrics(app, request);
    } else if (!runtime_worker_http(worker, request) && !answer_web(app, request)) {
        http_answer_problem(request, 404, "not_found", "no such path", NULL);
    }
}
