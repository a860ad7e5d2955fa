#include "core/base/backoff.h"

#define NS_PER_MS 1000000u

void nx_backoff_init(struct nx_backoff *backoff, const struct nx_backoff_config *config)
{
    NX_CHECK(config->first.ns > 0 && config->first.ns <= config->max.ns);
    NX_CHECK(config->max.ns / NS_PER_MS < UINT32_MAX && config->attempt_max > 0);

    *backoff = (struct nx_backoff){.config = *config};
}

void nx_backoff_reset(struct nx_backoff *backoff)
{
    *backoff = (struct nx_backoff){.config = backoff->config};
}

/* first * 2^failure_count, or max when that is less. */
static struct nx_duration ceiling_of(const struct nx_backoff_config *config, uint32_t failure_count)
{
    uint64_t ns = config->first.ns;

    for (uint32_t i = 0; i < failure_count && ns < config->max.ns; i++)
        ns *= 2; /* below max, which is below 2^63 */
    return nx_nanoseconds(ns < config->max.ns ? ns : config->max.ns);
}

/* From half the ceiling to the ceiling, in steps of a millisecond. */
static enum nx_status draw_wait(const struct nx_backoff_config *config, uint32_t failure_count,
                                const struct nx_rng *rng, struct nx_duration *wait)
{
    struct nx_duration ceiling = ceiling_of(config, failure_count);
    uint64_t floor_ns = ceiling.ns / 2 > config->first.ns ? ceiling.ns / 2 : config->first.ns;
    uint32_t step_count = (uint32_t)((ceiling.ns - floor_ns) / NS_PER_MS) + 1;
    uint32_t step;
    enum nx_status status = nx_rng_below(rng, step_count, &step);

    if (status == NX_OK)
        *wait = nx_nanoseconds(floor_ns + (uint64_t)step * NS_PER_MS);
    return status;
}

enum nx_status nx_backoff_failed(struct nx_backoff *backoff, struct nx_instant now,
                                 const struct nx_rng *rng)
{
    const struct nx_backoff_config *config = &backoff->config;
    struct nx_instant give_up_at = backoff->give_up_at;
    struct nx_duration wait;

    if (nx_instant_is_never(backoff->retry_at))
        return NX_E_TIMEOUT;
    if (!nx_instant_reached(backoff->retry_at, now))
        return NX_E_STATE;

    uint32_t failure_count = backoff->failure_count + 1;
    enum nx_status status = draw_wait(config, failure_count, rng, &wait);
    if (status != NX_OK)
        return status;

    if (failure_count == 1)
        give_up_at = nx_instant_after(now, config->within);
    backoff->failure_count = failure_count;
    backoff->give_up_at = give_up_at;
    backoff->retry_at = nx_instant_after(now, wait);
    if (failure_count >= config->attempt_max || backoff->retry_at.ns > give_up_at.ns)
        backoff->retry_at = NX_NEVER;
    return nx_instant_is_never(backoff->retry_at) ? NX_E_TIMEOUT : NX_OK;
}

struct nx_instant nx_backoff_deadline(const struct nx_backoff *backoff)
{
    return backoff->retry_at;
}
