#include "sim/trace.h"

#include "core/base/memory.h"
#include "core/base/siphash.h"

void sim_trace_init(struct sim_trace *t, uint64_t seed,
                    void (*sink)(void *owner, struct nx_bytes line), void *owner)
{
    memset(t, 0, sizeof(*t));
    t->hash = seed;
    t->sink = sink;
    t->owner = owner;
}

/* In bytes of a fixed order, so that a machine's own does not show. */
static void hash_in(struct sim_trace *t, struct nx_bytes bytes)
{
    uint8_t key[NX_SIPHASH_KEY_LEN];
    struct nx_writer w = nx_writer_over(key, sizeof(key));

    nx_write_u64le(&w, t->hash);
    nx_write_u64le(&w, t->count);
    t->hash = nx_siphash(key, bytes);
}

static void add_time(struct nx_text *t, struct nx_instant now)
{
    uint64_t micros = now.ns / 1000 % 1000000;

    nx_text_add_u64(t, now.ns / 1000000000);
    nx_text_add(t, ".");
    for (uint64_t digit = 100000; digit > 0; digit /= 10)
        nx_text_add_u64(t, micros / digit % 10);
}

struct nx_text *sim_trace_begin(struct sim_trace *t, struct nx_instant now, const char *who,
                                const char *what)
{
    t->line = nx_text_over(t->lines[t->count % SIM_TRACE_LAST], SIM_TRACE_LINE_MAX);
    add_time(&t->line, now);
    nx_text_add(&t->line, " ");
    nx_text_add(&t->line, who);
    nx_text_add(&t->line, " ");
    nx_text_add(&t->line, what);
    return &t->line;
}

void sim_trace_end(struct sim_trace *t)
{
    struct nx_bytes line = nx_bytes_of(t->line.ptr, t->line.len);

    t->count++;
    hash_in(t, line);
    if (t->sink != NULL)
        t->sink(t->owner, line);
}

void sim_trace_say(struct sim_trace *t, struct nx_instant now, const char *who, const char *what,
                   const char *more)
{
    struct nx_text *line = sim_trace_begin(t, now, who, what);

    nx_text_add(line, " ");
    nx_text_add(line, more);
    sim_trace_end(t);
}

void sim_trace_mix(struct sim_trace *t, uint64_t a, uint64_t b)
{
    uint8_t bytes[16];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));

    nx_write_u64le(&w, a);
    nx_write_u64le(&w, b);
    hash_in(t, nx_writer_bytes(&w));
}

const char *sim_trace_line(const struct sim_trace *t, uint64_t back)
{
    if (back >= t->count || back >= SIM_TRACE_LAST)
        return NULL;
    return t->lines[(t->count - 1 - back) % SIM_TRACE_LAST];
}
