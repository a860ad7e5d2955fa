#include "core/base/budget.h"
#include "tests/unit/unit.h"

enum whose {
    A, /* at most 6, of a node's 10 */
    B, /* at most 6, of the same 10 */
};

static const struct {
    const char *name;
    struct {
        enum whose whose;
        int amount; /* negative: give back */
        enum nx_status status;
        uint64_t used[2];
        uint64_t node_used;
    } steps[4];
    size_t step_count;
} cases[] = {
    {"up to the limit of its own level",
     {{A, 6, NX_OK, {6, 0}, 6}, {A, 1, NX_E_LIMIT, {6, 0}, 6}},
     2},
    {"one over its own limit changes no level", {{A, 7, NX_E_LIMIT, {0, 0}, 0}}, 1},
    {"up to the limit of the level above",
     {{A, 6, NX_OK, {6, 0}, 6}, {B, 5, NX_E_LIMIT, {6, 0}, 6}, {B, 4, NX_OK, {6, 4}, 10}},
     3},
    {"what is given back is there for another",
     {{A, 6, NX_OK, {6, 0}, 6}, {A, -6, NX_OK, {0, 0}, 0}, {B, 6, NX_OK, {0, 6}, 6}},
     3},
};

UNIT_SUITE(budget_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct nx_budget node;
        struct nx_budget below[2];

        unit_row(cases[i].name);
        nx_budget_init(&node, 10, NULL);
        nx_budget_init(&below[A], 6, &node);
        nx_budget_init(&below[B], 6, &node);
        for (size_t k = 0; k < cases[i].step_count; k++) {
            struct nx_budget *budget = &below[cases[i].steps[k].whose];
            int amount = cases[i].steps[k].amount;

            if (amount < 0)
                nx_budget_release(budget, (uint64_t)-amount);
            else
                EXPECT_STATUS(nx_budget_reserve(budget, (uint64_t)amount),
                              cases[i].steps[k].status);
            EXPECT_EQ(below[A].used, cases[i].steps[k].used[A]);
            EXPECT_EQ(below[B].used, cases[i].steps[k].used[B]);
            EXPECT_EQ(node.used, cases[i].steps[k].node_used);
        }
    }

    unit_row("the high water stays when the tide goes out");
    struct nx_budget budget;
    nx_budget_init(&budget, 10, NULL);
    EXPECT_STATUS(nx_budget_reserve(&budget, 7), NX_OK);
    nx_budget_release(&budget, 7);
    EXPECT_EQ(budget.high_water, 7);
    EXPECT_EQ(nx_budget_left(&budget), 10);
}
