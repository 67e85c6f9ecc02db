/* What the two API documents share: reading the options of an entry, writing its schemas. */
#ifndef LUA_DOCUMENTS_PRIVATE_H
#define LUA_DOCUMENTS_PRIVATE_H

#include "lua/core.h"
#include "lua/documents.h"

/* One entry's options; page_open leaves an empty page when there are none. */
struct page {
    const struct generation *generation;
    const struct entry *entry;
    struct json_doc doc;
    const struct json_node *root;
};
void page_open(struct page *page, const struct generation *generation, const struct entry *entry);
void page_close(struct page *page);
const struct json_node *page_option(const struct page *page, const char *name);

/* Walks the entries of a kind over all plugins; page is open at true, closed at false. */
struct page_walk {
    const struct snapshot *snapshot;
    enum entry_kind kind;
    size_t generation;
    size_t entry;
    struct page page;
    bool is_open;
};
struct page_walk page_walk_over(const struct snapshot *snapshot, enum entry_kind kind);
bool page_walk_next(struct page_walk *walk);

/* ,"summary":"..." or nothing. */
void page_write_summary(struct buf *out, const struct page *page);
/* The option, or the schema of any object. */
void page_write_schema(struct buf *out, const struct page *page, const char *option);
/*
 * The members of an object schema as a list of {"name", <extra>, "required", "schema"}; of a union
 * those of all its variants.
 */
void page_write_members(struct buf *out, const struct page *page, const char *option,
                        const char *extra);
/* A comma, unless it is the first of its list. */
void page_separate(struct buf *out, bool *is_first);

#endif
