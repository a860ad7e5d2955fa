#include "core/base/budget.h"

void nx_budget_init(struct nx_budget *budget, uint64_t limit, struct nx_budget *parent)
{
    *budget = (struct nx_budget){.parent = parent, .limit = limit};
}

uint64_t nx_budget_left(const struct nx_budget *budget)
{
    uint64_t left = UINT64_MAX;

    for (; budget != NULL; budget = budget->parent) {
        if (budget->limit - budget->used < left)
            left = budget->limit - budget->used;
    }
    return left;
}

enum nx_status nx_budget_reserve(struct nx_budget *budget, uint64_t amount)
{
    if (amount > nx_budget_left(budget))
        return NX_E_LIMIT;

    for (; budget != NULL; budget = budget->parent) {
        budget->used += amount;
        if (budget->used > budget->high_water)
            budget->high_water = budget->used;
    }
    return NX_OK;
}

void nx_budget_release(struct nx_budget *budget, uint64_t amount)
{
    for (; budget != NULL; budget = budget->parent) {
        NX_CHECK(amount <= budget->used);
        budget->used -= amount;
    }
}
