#include "sim/timeline.h"

#include "core/base/check.h"

void sim_timeline_init(struct sim_timeline *t, struct sim_entry *at, uint32_t cap)
{
    *t = (struct sim_timeline){.at = at, .cap = cap};
}

static bool is_earlier(const struct sim_entry *a, const struct sim_entry *b)
{
    return a->at.ns != b->at.ns ? a->at.ns < b->at.ns : a->sequence < b->sequence;
}

static void swap(struct sim_entry *a, struct sim_entry *b)
{
    struct sim_entry kept = *a;

    *a = *b;
    *b = kept;
}

void sim_timeline_add(struct sim_timeline *t, struct nx_instant at, uint32_t kind, uint32_t index,
                      uint64_t number)
{
    uint32_t i = t->count;

    NX_CHECK(t->count < t->cap);
    t->count++;
    t->at[i] = (struct sim_entry){at, ++t->sequence, kind, index, number};
    for (; i > 0 && is_earlier(&t->at[i], &t->at[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&t->at[i], &t->at[(i - 1) / 2]);
}

static void sink(struct sim_timeline *t)
{
    uint32_t i = 0;

    for (;;) {
        uint32_t first = i;

        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2 && child < t->count; child++) {
            if (is_earlier(&t->at[child], &t->at[first]))
                first = child;
        }
        if (first == i)
            return;
        swap(&t->at[i], &t->at[first]);
        i = first;
    }
}

bool sim_timeline_next(struct sim_timeline *t, struct nx_instant now, struct sim_entry *entry)
{
    if (t->count == 0 || !nx_instant_reached(t->at[0].at, now))
        return false;
    *entry = t->at[0];
    t->at[0] = t->at[--t->count];
    sink(t);
    return true;
}

struct nx_instant sim_timeline_deadline(const struct sim_timeline *t)
{
    return t->count == 0 ? NX_NEVER : t->at[0].at;
}
