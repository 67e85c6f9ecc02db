#include "host/cli/print.h"

#include "host/base/mem.h"
#include "host/cli/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAIR_DEPTH_MAX 4
#define PAIR_NAME_BYTES_MAX 256
#define GAP 2

void print_json(const struct json_doc *doc, const struct json_node *node)
{
    struct buf out;
    buf_open(&out, PRINT_BYTES_MAX);
    json_write_node(&out, doc, node, false);
    buf_append_char(&out, '\n');
    fwrite(out.data, 1, out.len, stdout);
    buf_close(&out);
}

void print_value(struct buf *out, const struct json_doc *doc, const struct json_node *value)
{
    struct buf text;
    if (!value || value->type == JSON_NULL) {
        buf_append_char(out, '-');
    } else if (value->type == JSON_STRING) {
        terminal_escape(out, json_string(value));
    } else if (value->type == JSON_TRUE || value->type == JSON_FALSE) {
        buf_append_text(out, value->type == JSON_TRUE ? "yes" : "no");
    } else {
        buf_open(&text, PRINT_BYTES_MAX);
        json_write_node(&text, doc, value, false);
        terminal_escape(out, buf_bytes(&text));
        buf_close(&text);
    }
}

/* Prints text and what is missing to the width. */
static void print_padded(struct bytes text, size_t width, bool is_last)
{
    fwrite(text.data, 1, text.len, stdout);
    size_t taken = terminal_width(text);
    printf("%*s", is_last || taken > width ? 0 : (int)(width - taken + GAP), "");
}

static size_t measure(const struct json_doc *doc, const struct json_node *rows,
                      const struct print_column *column)
{
    size_t width = strlen(column->title);
    const struct json_node *row = json_first(doc, rows);
    for (; row; row = json_next(doc, rows, row)) {
        struct buf text;
        buf_open(&text, PRINT_BYTES_MAX);
        print_value(&text, doc, json_member(doc, row, column->member));
        size_t taken = terminal_width(buf_bytes(&text));
        width = taken > width ? taken : width;
        buf_close(&text);
    }
    return width;
}

void print_table(const struct json_doc *doc, const struct json_node *rows,
                 const struct print_column *columns, size_t count)
{
    size_t widths[PRINT_COLUMNS_MAX];
    for (size_t i = 0; i < count; i++) {
        widths[i] = measure(doc, rows, &columns[i]);
        print_padded(bytes_of(columns[i].title), widths[i], i + 1 == count);
    }
    putchar('\n');
    const struct json_node *row = json_first(doc, rows);
    for (; row; row = json_next(doc, rows, row)) {
        for (size_t i = 0; i < count; i++) {
            struct buf text;
            buf_open(&text, PRINT_BYTES_MAX);
            print_value(&text, doc, json_member(doc, row, columns[i].member));
            print_padded(buf_bytes(&text), widths[i], i + 1 == count);
            buf_close(&text);
        }
        putchar('\n');
    }
}

/* Gives the columns of the longest name; prints the pairs when asked. */
static size_t walk_pairs(const struct json_doc *doc, const struct json_node *object,
                         const char *prefix, unsigned depth, size_t width, bool prints)
{
    size_t longest = 0;
    const struct json_node *name = json_first(doc, object);
    while (name) {
        const struct json_node *value = json_next(doc, object, name);
        char whole[PAIR_NAME_BYTES_MAX];
        snprintf(whole, sizeof(whole), "%s%.*s", prefix, (int)name->size, name->text);
        size_t len = 0;
        if (value->type == JSON_OBJECT && depth < PAIR_DEPTH_MAX) {
            char inner[PAIR_NAME_BYTES_MAX + 1];
            snprintf(inner, sizeof(inner), "%s.", whole);
            len = walk_pairs(doc, value, inner, depth + 1, width, prints);
        } else {
            struct buf text;
            buf_open(&text, PRINT_BYTES_MAX);
            terminal_escape(&text, bytes_of(whole));
            len = terminal_width(buf_bytes(&text));
            if (prints) {
                print_padded(buf_bytes(&text), width, false);
                buf_clear(&text);
                print_value(&text, doc, value);
                fwrite(text.data, 1, text.len, stdout);
                putchar('\n');
            }
            buf_close(&text);
        }
        longest = len > longest ? len : longest;
        name = json_next(doc, object, value);
    }
    return longest;
}

void print_pairs(const struct json_doc *doc, const struct json_node *node)
{
    if (node->type == JSON_OBJECT) {
        size_t width = walk_pairs(doc, node, "", 0, 0, false);
        walk_pairs(doc, node, "", 0, width, true);
        return;
    }
    struct buf text;
    buf_open(&text, PRINT_BYTES_MAX);
    print_value(&text, doc, node);
    fwrite(text.data, 1, text.len, stdout);
    putchar('\n');
    buf_close(&text);
}
