/* Budget: how much of something may be out at once, in levels.
 *
 *     stream  ->  session  ->  node
 *
 * A reservation holds on every level or on none, so that no one below can take what belongs to
 * another, and the whole stays under the memory that was lent. */
#ifndef NX_CORE_BASE_BUDGET_H
#define NX_CORE_BASE_BUDGET_H

#include "core/base/status.h"

struct nx_budget {
    struct nx_budget *parent; /* NULL at the top; lives as long as this one is used */
    uint64_t limit;
    uint64_t used;
    uint64_t high_water; /* most in use at once so far */
};

void nx_budget_init(struct nx_budget *budget, uint64_t limit, struct nx_budget *parent);

/* NX_OK; NX_E_LIMIT: some level has too little left, and none was changed. */
NX_MUST_CHECK enum nx_status nx_budget_reserve(struct nx_budget *budget, uint64_t amount);

/* Give back, on every level, what was reserved. */
void nx_budget_release(struct nx_budget *budget, uint64_t amount);

/* What could be reserved now: the least that any level has left. */
uint64_t nx_budget_left(const struct nx_budget *budget);

#endif
