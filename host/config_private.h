/* What the files of the configuration share: the table of keys, and where each value came from. */
#ifndef HOST_CONFIG_PRIVATE_H
#define HOST_CONFIG_PRIVATE_H

#include "host/base/json.h"
#include "host/config.h"

enum config_kind {
    CONFIG_INTEGER, /* int64_t */
    CONFIG_WORKERS, /* unsigned; 0: the number of cores */
    CONFIG_REAL,    /* double */
    CONFIG_FLAG,    /* bool; on, off */
    CONFIG_STRING,  /* char[CONFIG_TEXT_MAX] */
    CONFIG_CHOICE,  /* int: the place in choices */
    CONFIG_ADDRESS, /* "address:port" */
    CONFIG_FOLDERS, /* a list of texts */
    CONFIG_PLUGINS, /* {"plugin": {"key": value}} */
};

struct config_key {
    const char *name;
    enum config_kind kind;
    bool is_live;  /* taken over when the configuration is read again */
    size_t offset; /* in struct config */
    double min;
    double max;
    const char *otherwise; /* the default, as a text */
    const char *unit;      /* "" when there is none */
    const char *choices[4];
    const char *meaning;
};

#define CONFIG_KEYS 30
extern const struct config_key config_keys[CONFIG_KEYS];

/* "CHATTERMESH_LISTEN" and so on. */
#define CONFIG_VARIABLE_PREFIX "CHATTERMESH_"
#define CONFIG_PLACE_MAX (CONFIG_TEXT_MAX + 64)
#define CONFIG_EXPECTED_MAX 160

struct config_sources {
    char *places[CONFIG_KEYS]; /* "default", "mesh.lua:12", "CHATTERMESH_DATA", "--data" */
};

/* The place in the table, or CONFIG_KEYS. */
size_t config_find(struct bytes name);
/* Lends the nearest name, or NULL. */
const char *config_nearest(struct bytes name);

/* Take a value, from a text or from the file. False when it does not fit; the loading then ends. */
bool config_set_text(struct config *config, const struct config_key *key, const char *text);
bool config_set_node(struct config *config, const struct config_key *key,
                     const struct json_doc *doc, const struct json_node *node);
/* One more folder. */
bool config_add_folder(struct config *config, const char *folder);
/* "chat.pinsMax" and a value as JSON, or a plain text. */
bool config_set_plugin(struct config *config, const char *path, const char *text);
/* Writes what would have fitted: "1 to 64". */
void config_expected(const struct config_key *key, char *out, size_t size);
/* Appends the value: as people write it in a text, or as JSON. */
void config_write_text(const struct config *config, const struct config_key *key, struct buf *out);
void config_write_json(const struct config *config, const struct config_key *key, struct buf *out);

#endif
