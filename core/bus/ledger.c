#include "core/bus/ledger.h"

void dsb_ledger_init(struct dsb_ledger *l)
{
    *l = (struct dsb_ledger){0};
}

void dsb_ledger_accept(struct dsb_ledger *l, uint64_t bytes, uint64_t messages)
{
    l->accepted.bytes += bytes;
    l->accepted.messages += messages;
}

void dsb_ledger_sent(struct dsb_ledger *l, uint32_t cost, uint32_t bytes, bool ends_message)
{
    /* With all runs taken the frame joins the last one: coarser, never too early. */
    if (l->run_count < DSB_LEDGER_RUNS) {
        size_t fresh = (l->first_run + l->run_count) % DSB_LEDGER_RUNS;

        l->runs[fresh].cost = 0;
        l->runs[fresh].bytes = 0;
        l->runs[fresh].messages = 0;
        l->run_count++;
    }

    size_t last = (l->first_run + l->run_count - 1u) % DSB_LEDGER_RUNS;
    l->runs[last].cost += cost;
    l->runs[last].bytes += bytes;
    l->runs[last].messages += ends_message;
    l->outstanding_cost += cost;
}

enum nx_status dsb_ledger_return(struct dsb_ledger *l, uint32_t cost)
{
    if (cost > l->outstanding_cost)
        return NX_E_LIMIT;

    l->outstanding_cost -= cost;
    l->returned_cost += cost;
    while (l->run_count > 0 && l->returned_cost >= l->runs[l->first_run].cost) {
        l->returned_cost -= l->runs[l->first_run].cost;
        l->confirmed.bytes += l->runs[l->first_run].bytes;
        l->confirmed.messages += l->runs[l->first_run].messages;
        l->first_run = (uint8_t)((l->first_run + 1) % DSB_LEDGER_RUNS);
        l->run_count--;
    }
    return NX_OK;
}

struct dsb_amount dsb_ledger_unconfirmed(const struct dsb_ledger *l)
{
    return (struct dsb_amount){
        .bytes = l->accepted.bytes - l->confirmed.bytes,
        .messages = l->accepted.messages - l->confirmed.messages,
    };
}
