/* Walk: what the differential test needs of each struct type, made by capnpc-nx-walk.
 *
 * For every schema a table of its types: a function that fills a struct with random values through
 * the generated builder, and one that prints it through the generated reader, in the text format of
 * the `capnp` tool, so that the two can be held side by side. */
#ifndef NX_TESTS_CAPN_WALK_H
#define NX_TESTS_CAPN_WALK_H

#include "core/base/rng.h"
#include "core/capn/builder.h"
#include "core/capn/reader.h"

#include <stdio.h>

struct walk {
    struct nx_prng prng;
    unsigned depth;  /* structs and lists that may still be opened */
    unsigned budget; /* pointers that may still be set, so that messages stay small */
    uint8_t bytes[64];
};

struct walk_type {
    const char *name; /* as `capnp decode` takes it */
    void (*fill)(struct walk *w, struct nx_capn_builder *b);
    void (*print)(FILE *out, struct nx_capn_message *m);
};

struct walk_schema {
    const char *file;
    const struct walk_type *types;
    size_t type_count;
};

extern const struct walk_schema *const walk_schemas[];
extern const size_t walk_schema_count;

/* ---- filling --------------------------------------------------------------------------------- */

/* True, and one level further down, when a pointer shall be set here. */
bool walk_enter(struct walk *w);
void walk_leave(struct walk *w);

uint32_t walk_below(struct walk *w, uint32_t bound);
uint32_t walk_count(struct walk *w);

/* Small, extreme and any numbers. */
uint64_t walk_number(struct walk *w);
float walk_float(struct walk *w);
double walk_double(struct walk *w);

/* Valid until the next call. */
struct nx_bytes walk_text(struct walk *w);
struct nx_bytes walk_data(struct walk *w);

/* ---- printing -------------------------------------------------------------------------------- */

/* ", " but for the first, and the name of a field. */
void walk_put_name(FILE *out, bool *first, const char *name);
void walk_put_float(FILE *out, float value);
void walk_put_double(FILE *out, double value);
void walk_put_bytes(FILE *out, struct nx_bytes bytes, bool is_text);
void walk_put_any(FILE *out, struct nx_capn_ref ref);
void walk_put_enum(FILE *out, uint32_t value, uint32_t count, const char *name);

#endif
