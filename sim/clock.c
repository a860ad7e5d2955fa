#include "sim/clock.h"

#include "core/base/check.h"

enum {
    MILLION = 1000000,
    DRIFT_MAX = MILLION / 10,
};

void sim_clock_init(struct sim_clock *c, struct nx_instant world, struct nx_instant local)
{
    *c = (struct sim_clock){.world = world, .local = local};
}

struct nx_instant sim_clock_local(const struct sim_clock *c, struct nx_instant world)
{
    uint64_t passed = nx_duration_between(c->world, world).ns;
    uint64_t drift = passed / MILLION * (uint64_t)(c->drift_ppm < 0 ? -c->drift_ppm : c->drift_ppm);

    passed = c->drift_ppm < 0 ? passed - drift : passed + drift;
    return nx_instant_after(c->local, nx_nanoseconds(passed));
}

struct nx_instant sim_clock_world(const struct sim_clock *c, struct nx_instant local)
{
    uint64_t wanted = nx_duration_between(c->local, local).ns;
    struct nx_instant world;

    if (nx_instant_is_never(local))
        return NX_NEVER;
    /* A clock that is too fast gets there earlier; from a guess that is too early, the rest is walked,
     * each step at least nine tenths of what is missing. */
    world = nx_instant_after(
        c->world,
        nx_nanoseconds(c->drift_ppm > 0 ? wanted / (uint64_t)(MILLION + c->drift_ppm) * MILLION
                                        : wanted));
    while (!nx_instant_is_never(world) && sim_clock_local(c, world).ns < local.ns)
        world = nx_instant_after(
            world, nx_nanoseconds((local.ns - sim_clock_local(c, world).ns + 1) * 9 / 10 + 1));
    return world;
}

void sim_clock_change(struct sim_clock *c, struct nx_instant world, struct nx_duration leap,
                      int32_t drift_ppm)
{
    NX_CHECK(drift_ppm >= -DRIFT_MAX && drift_ppm <= DRIFT_MAX);

    c->local = nx_instant_after(sim_clock_local(c, world), leap);
    c->world = world;
    c->drift_ppm = drift_ppm;
}
