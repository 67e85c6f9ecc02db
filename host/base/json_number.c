/*
 * Numbers of JSON. The value decides the type, not the spelling: 1.0 and 1e2
 * are integers, exactly, as far as an int64 goes.
 */
#include "host/base/err.h"
#include "host/base/json_private.h"
#include "host/base/mem.h"

#include <math.h>
#include <stdlib.h>

#define DIGITS_ALWAYS_FIT 18
#define EXPONENT_MAX INT64_C(1000000000000) /* past the digits of any input */
#define TEXT_SHORT 64

/* digits * 10^exponent. The last digit taken is never 0: zeros wait in `zeros`. */
struct decimal {
    bool negative;
    bool overflowed; /* digits is useless */
    uint64_t digits;
    int64_t zeros;
    int64_t exponent;
};

static inline bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

static void decimal_take(struct decimal *d, unsigned digit)
{
    if (digit == 0) {
        d->zeros += d->digits != 0;
        return;
    }
    for (int64_t i = 0; i <= d->zeros && !d->overflowed; i++) {
        d->overflowed = __builtin_mul_overflow(d->digits, 10U, &d->digits);
    }
    d->overflowed |= __builtin_add_overflow(d->digits, digit, &d->digits);
    d->zeros = 0;
}

static const char *take_digits(const char *p, const char *end, struct decimal *d)
{
    for (; is_digit(p, end); p++) {
        decimal_take(d, (unsigned)(*p - '0'));
    }
    return p;
}

/* p stands behind the e. NULL with *at where a digit was missing. */
static const char *take_exponent(const char **at, const char *p, const char *end, struct decimal *d)
{
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    if (!is_digit(p, end)) {
        *at = p;
        return NULL;
    }
    int64_t exponent = 0;
    for (; is_digit(p, end); p++) {
        if (exponent < EXPONENT_MAX) {
            exponent = exponent * 10 + (*p - '0');
        }
    }
    d->exponent += negative ? -exponent : exponent;
    return p;
}

/* True and the value when it is a whole int64. */
static bool decimal_to_integer(const struct decimal *d, int64_t *out)
{
    uint64_t value = d->digits;
    if (d->overflowed || (value != 0 && (d->exponent < 0 || d->exponent > DIGITS_ALWAYS_FIT))) {
        return false;
    }
    for (int64_t i = 0; value != 0 && i < d->exponent; i++) {
        if (__builtin_mul_overflow(value, 10U, &value)) {
            return false;
        }
    }
    if (value > (uint64_t)INT64_MAX + d->negative) {
        return false;
    }
    *out = d->negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static int text_to_real(const char *text, size_t len, double *out)
{
    char small[TEXT_SHORT];
    char *copy = len < sizeof(small) ? small : mem_try_alloc(len + 1);
    if (copy == NULL) {
        return ERR_NOMEM;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    *out = strtod(copy, NULL); /* the process stays in the C locale */
    if (copy != small) {
        mem_free(copy);
    }
    return isinf(*out) ? ERR_SYNTAX : 0;
}

static int decimal_to_real(const struct decimal *d, const char *text, size_t len, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const int64_t powers_max = 22; /* the last power of ten that a double holds exactly */
    if (d->overflowed || d->digits > (UINT64_C(1) << 53) || d->exponent < -powers_max ||
        d->exponent > powers_max) {
        return text_to_real(text, len, out);
    }
    /* Both sides are exact, so one operation rounds once, which is correct. */
    double value = d->exponent < 0 ? (double)d->digits / powers[-d->exponent]
                                   : (double)d->digits * powers[d->exponent];
    *out = d->negative ? -value : value;
    return 0;
}

static int read_decimal(const char **at, const char *end, struct json_node *node)
{
    const char *start = *at;
    const char *p = start;
    struct decimal d = {.negative = *p == '-'};
    p = take_digits(p + d.negative, end, &d);
    if (p < end && *p == '.') {
        const char *fraction = p + 1;
        p = take_digits(fraction, end, &d);
        if (p == fraction) {
            *at = p;
            return ERR_SYNTAX;
        }
        d.exponent = fraction - p;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p = take_exponent(at, p + 1, end, &d);
        if (p == NULL) {
            return ERR_SYNTAX;
        }
    }
    d.exponent += d.zeros;
    if (decimal_to_integer(&d, &node->integer)) {
        node->type = JSON_INTEGER;
        *at = p;
        return 0;
    }
    node->type = JSON_REAL;
    int err = decimal_to_real(&d, start, (size_t)(p - start), &node->real);
    if (!err) {
        *at = p;
    }
    return err;
}

int json_read_number(const char **at, const char *end, struct json_node *node)
{
    const char *p = *at;
    bool negative = *p == '-';
    p += negative;
    const char *first = p;
    int64_t value = 0;
    while (is_digit(p, end) && p - first < DIGITS_ALWAYS_FIT) {
        value = value * 10 + (*p++ - '0');
    }
    if (p == first || (*first == '0' && p - first > 1)) {
        *at = first + (p != first);
        return ERR_SYNTAX;
    }
    if (p < end && (is_digit(p, end) || *p == '.' || *p == 'e' || *p == 'E')) {
        return read_decimal(at, end, node);
    }
    node->type = JSON_INTEGER;
    node->integer = negative ? -value : value;
    *at = p;
    return 0;
}
