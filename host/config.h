/*
 * The configuration: every key with its default, unit and range, read from a
 * Lua data file, CHATTERMESH_* variables over it, and flags over both.
 */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

#include "host/base/buf.h"

#include <stdint.h>

#define CONFIG_PLUGIN_FOLDERS_MAX 16
#define CONFIG_TEXT_MAX 1024

/* The values; texts are owned by the configuration. */
struct config {
    char listen_address[64];    /* "127.0.0.1" */
    uint16_t listen_port;       /* 8080 */
    char data[CONFIG_TEXT_MAX]; /* folder */
    char plugin_folders[CONFIG_PLUGIN_FOLDERS_MAX][CONFIG_TEXT_MAX];
    size_t plugin_folders_count;
    unsigned workers;               /* 0 in the sources means the number of cores; here never 0 */
    char tls_cert[CONFIG_TEXT_MAX]; /* "" : no TLS */
    char tls_key[CONFIG_TEXT_MAX];
    int64_t frame_bytes_max;
    int64_t outbox_bytes_max;
    int64_t text_bytes_max;
    int64_t media_bytes_max;
    int64_t json_depth_max;
    int64_t connections_max; /* all workers together */
    double calls_per_s;
    double calls_burst;
    bool limits_on; /* serve --limits off */
    int64_t ping_idle_s;
    int64_t silence_s_max;
    int64_t slow_s_max;
    int64_t drain_s_max;
    int64_t reconnect_spread_ms;
    int64_t db_readers;
    int64_t password_memory_mib;
    int64_t password_passes;
    int64_t password_threads;
    int log_level;  /* enum log_level */
    int log_format; /* 0 auto, 1 json, 2 text */
    bool compress;
    bool web_client;
    bool dev;           /* serve --dev */
    char *plugins_json; /* {"chat":{...}}: one object a plugin, checked by its manifest later */
    void *sources;      /* config.c: where each value came from */
};

/* ---- reading it ---- */

/*
 * A flag of the command line: a key as the file names it ("listen", "db.readers") and its text.
 * "plugins" adds a folder and may come several times; "plugins.chat.pinsMax" sets what a plugin's
 * manifest offers, as JSON or as a plain text.
 */
struct config_flag {
    const char *key;
    const char *value;
};

/*
 * The defaults, over them the file (NULL: CHATTERMESH_CONFIG, else none), over
 * it CHATTERMESH_* variables, over them the flags. 0 and a configuration to end
 * with config_close; or ERR_INVALID, ERR_NOT_FOUND... and message says file,
 * line, key and the nearest right name.
 */
int config_open(struct config *out, const char *file, const struct config_flag *flags,
                size_t flags_count, char *message, size_t message_size);
void config_close(struct config *config);
/* Appends a readable table: each key, its value, where that came from, unit, range, meaning. */
void config_explain(const struct config *config, struct buf *out);
/* The same as a JSON list of {key, value, from, default, unit, expected, min, max, choices,
 * summary, live}. */
void config_explain_json(const struct config *config, struct buf *out);

/* ---- using it ---- */

#define CONFIG_PLUGIN_BYTES_MAX 65536

/* The object of one plugin as JSON text in scratch, lent until its next change; NULL if there is
 * none. */
const char *config_plugin(const struct config *config, const char *plugin, struct buf *scratch);
/* Appends a JSON list of the keys that differ and only change at a restart. */
void config_restart_needed(const struct config *now, const struct config *then, struct buf *out);

#endif
