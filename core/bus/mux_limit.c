/* Limits that a mux meets, as sentences: which, its value, what was asked. */
#include "core/base/text.h"
#include "core/bus/mux_internal.h"

struct dsb_mux_limit dsb_mux_limit_of_streams(const struct dsb_mux *m)
{
    const struct nx_pool *slots = &m->streams.pools->streams;

    if (m->streams.count >= DSB_STREAMS_PER_SESSION_MAX)
        return (struct dsb_mux_limit){"streams of the session", DSB_STREAMS_PER_SESSION_MAX,
                                      m->streams.count + 1u};
    return (struct dsb_mux_limit){"streams of the node", slots->block_count,
                                  slots->used_count + 1u};
}

struct dsb_mux_limit dsb_mux_limit_of_credit(const struct dsb_mux *m)
{
    const struct nx_budget *level = &m->grants;

    if (level->used + DSB_CREDIT_INITIAL > level->limit)
        return (struct dsb_mux_limit){"credit of the session", level->limit,
                                      level->used + DSB_CREDIT_INITIAL};
    level = &m->streams.pools->grants;
    return (struct dsb_mux_limit){"credit of the node", level->limit,
                                  level->used + DSB_CREDIT_INITIAL};
}

void dsb_mux_limit_explain(const struct dsb_mux_limit *limit, const char *label, struct nx_why *why)
{
    struct nx_why sentence;
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    nx_why_limit(&sentence, limit->what, limit->limit, limit->asked);
    if (label != NULL) {
        nx_text_add(&t, label);
        nx_text_add(&t, ": ");
    }
    nx_text_add(&t, sentence.text);
}

void dsb_mux_why(const struct dsb_mux *m, struct nx_why *why)
{
    if (m->limit.what == NULL)
        nx_why_set(why, "");
    else
        dsb_mux_limit_explain(&m->limit, NULL, why);
}
