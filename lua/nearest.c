#include "lua/nearest.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Letters and digits in lower case only; false when it is too long to compare. */
static bool simplify(char out[NEAREST_BYTES_MAX + 1], struct bytes name)
{
    size_t len = 0;
    if (name.len > NEAREST_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] != '_' && name.data[i] != '-') {
            out[len++] = lower(name.data[i]);
        }
    }
    out[len] = '\0';
    return true;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Levenshtein's distance, with two neighbours that changed places as one step. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][NEAREST_BYTES_MAX + 1];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1, row[j]);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

const char *nearest_name(struct bytes name, const char *const *names, size_t count)
{
    char wanted[NEAREST_BYTES_MAX + 1] = "";
    char known[NEAREST_BYTES_MAX + 1] = "";
    const char *found = NULL;
    if (!simplify(wanted, name)) {
        return NULL;
    }
    unsigned best = (unsigned)strlen(wanted) / 3 + 2; /* further away it is another word */
    for (size_t i = 0; i < count; i++) {
        if (simplify(known, bytes_of(names[i]))) {
            unsigned steps = distance(wanted, known);
            if (steps < best && steps < strlen(known)) {
                best = steps;
                found = names[i];
            }
        }
    }
    return found;
}
