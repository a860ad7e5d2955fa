#include "tests/capn/walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- filling --------------------------------------------------------------------------------- */

uint32_t walk_below(struct walk *w, uint32_t bound)
{
    return (uint32_t)(nx_prng_next(&w->prng) >> 32) % bound;
}

bool walk_enter(struct walk *w)
{
    if (w->depth == 0 || w->budget == 0 || walk_below(w, 4) == 0)
        return false;
    w->depth--;
    w->budget--;
    return true;
}

void walk_leave(struct walk *w)
{
    w->depth++;
}

uint32_t walk_count(struct walk *w)
{
    static const uint8_t counts[] = {0, 1, 1, 2, 2, 3, 5, 9};

    return walk_below(w, 40) == 0 ? 64 + walk_below(w, 10) : counts[walk_below(w, 8)];
}

uint64_t walk_number(struct walk *w)
{
    static const uint64_t extremes[] = {
        0,          1,          UINT64_MAX, INT64_MAX,         0x80,       0x8000,
        0x80000000, 0xffffffff, 0x7fff,     (uint64_t)1 << 63, 0x7fffffff, 0xff};

    switch (walk_below(w, 4)) {
    case 0:
        return 0;
    case 1:
        return extremes[walk_below(w, NX_COUNT_OF(extremes))];
    case 2:
        return walk_below(w, 300);
    default:
        return nx_prng_next(&w->prng);
    }
}

/* Any value but NaN, whose sign and payload have no text. */
double walk_double(struct walk *w)
{
    uint64_t bits = nx_prng_next(&w->prng);
    double value;

    memcpy(&value, &bits, sizeof(value));
    switch (walk_below(w, 4)) {
    case 0:
        return (double)(int64_t)walk_number(w);
    case 1:
        return (double)walk_below(w, 1000) / 8;
    case 2:
        return walk_below(w, 2) == 0 ? (double)INFINITY : (double)-INFINITY;
    default:
        return isnan(value) ? 0.1 : value;
    }
}

float walk_float(struct walk *w)
{
    uint32_t bits = walk_below(w, UINT32_MAX);
    float value;

    memcpy(&value, &bits, sizeof(value));
    switch (walk_below(w, 3)) {
    case 0:
        return (float)walk_below(w, 100000) / 10;
    case 1:
        return walk_below(w, 9) == 0 ? -INFINITY : 0.0f;
    default:
        return isfinite(value) ? value : 3.1f;
    }
}

/* No brackets and no #: where the tool looks for the end of a message, it takes those in strings for
 * its own. */
struct nx_bytes walk_text(struct walk *w)
{
    static const char *const pieces[] = {"a", "Zz", "0 ", "\"", "\\", "'", "\n", "\t", "\x01",
                                         "é", "€",  "😀",  "?",  "/",  "*", ", ", ";",  "\x7f"};
    size_t len = 0;

    for (uint32_t i = walk_below(w, 9); i > 0; i--) {
        const char *piece = pieces[walk_below(w, NX_COUNT_OF(pieces))];

        memcpy(w->bytes + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return nx_bytes_of(w->bytes, len);
}

struct nx_bytes walk_data(struct walk *w)
{
    size_t len = walk_below(w, 20);

    for (size_t i = 0; i < len; i++) {
        w->bytes[i] = (uint8_t)walk_below(w, 256);
        if (w->bytes[i] != 0 && strchr("()[]{}#", w->bytes[i]) != NULL)
            w->bytes[i] = 0;
    }
    return nx_bytes_of(w->bytes, len);
}

/* ---- printing -------------------------------------------------------------------------------- */

void walk_put_name(FILE *out, bool *first, const char *name)
{
    fprintf(out, "%s%s = ", *first ? "" : ", ", name);
    *first = false;
}

/* The tool writes exponents without '+'. */
static void put_number(FILE *out, const char *digits)
{
    for (; *digits != '\0'; digits++) {
        if (*digits != '+')
            fputc(*digits, out);
    }
}

/* As many digits as are needed to read the same value again, of two numbers of them. */
void walk_put_double(FILE *out, double value)
{
    char digits[40];

    if (!isfinite(value)) {
        fputs(isnan(value) ? "nan" : value > 0 ? "inf" : "-inf", out);
        return;
    }
    snprintf(digits, sizeof(digits), "%.15g", value);
    if (memcmp(&(double){strtod(digits, NULL)}, &value, sizeof(value)) != 0)
        snprintf(digits, sizeof(digits), "%.17g", value);
    put_number(out, digits);
}

void walk_put_float(FILE *out, float value)
{
    char digits[40];

    if (!isfinite(value)) {
        fputs(isnan(value) ? "nan" : value > 0 ? "inf" : "-inf", out);
        return;
    }
    snprintf(digits, sizeof(digits), "%.6g", (double)value);
    /* Below the normal numbers the tool trusts no short form. */
    if (fpclassify(value) == FP_SUBNORMAL ||
        memcmp(&(float){strtof(digits, NULL)}, &value, sizeof(value)) != 0)
        snprintf(digits, sizeof(digits), "%.8g", (double)value);
    put_number(out, digits);
}

void walk_put_bytes(FILE *out, struct nx_bytes bytes, bool is_text)
{
    static const char marks[] = "\a\b\f\n\r\t\v'\"\\";
    static const char letters[] = "abfnrtv'\"\\";

    fputc('"', out);
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];
        const char *mark = c == 0 ? NULL : strchr(marks, c);

        if (mark != NULL)
            fprintf(out, "\\%c", letters[mark - marks]);
        else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !is_text))
            fprintf(out, "\\%03o", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

/* The tool looks at what it is, and says nothing about it. */
void walk_put_any(FILE *out, struct nx_capn_ref ref)
{
    (void)nx_capn_ref_kind(ref);
    fputs("<opaque pointer>", out);
}

void walk_put_enum(FILE *out, uint32_t value, uint32_t count, const char *name)
{
    if (value < count)
        fputs(name, out);
    else
        fprintf(out, "(%u)", (unsigned)value);
}
