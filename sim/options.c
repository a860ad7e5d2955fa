#include "sim/options.h"

const char sim_options_usage[] =
    "nxsim --list\n"
    "nxsim --scenario NAME --seed N [--nodes K] [--faults PLAN] [--minutes M] [--trace]\n"
    "nxsim --seeds COUNT [--scenario NAME] [--seed FIRST] ...\n"
    "PLAN: none, all, seed, or of loss,part,crash,stop,disk,torn,clock\n";

static bool is_text(struct nx_bytes bytes, const char *text)
{
    return nx_bytes_equal(bytes, nx_bytes_of_text(text));
}

/* ---- plans ----------------------------------------------------------------------------------- */

static bool read_fault(struct nx_bytes name, uint32_t *plan)
{
    for (uint32_t i = 0; sim_fault_name(i) != NULL; i++) {
        if (is_text(name, sim_fault_name(i))) {
            *plan |= 1u << i;
            return true;
        }
    }
    return false;
}

static bool read_faults(struct nx_bytes names, uint32_t *plan)
{
    *plan = 0;
    for (;;) {
        size_t len = 0;

        while (len < names.len && names.ptr[len] != ',')
            len++;
        if (!read_fault(nx_bytes_of(names.ptr, len), plan))
            return false;
        if (len == names.len)
            return true;
        names = nx_bytes_skip(names, len + 1);
    }
}

bool sim_plan_read(struct nx_bytes text, uint32_t *plan)
{
    uint32_t read = 0;

    if (is_text(text, "seed"))
        read = SIM_FAULTS_SEED;
    else if (is_text(text, "all"))
        read = SIM_FAULTS_ALL;
    else if (!is_text(text, "none") && !read_faults(text, &read))
        return false;
    *plan = read;
    return true;
}

void sim_plan_say(struct nx_text *t, uint32_t plan)
{
    const char *between = "";

    if (plan == SIM_FAULTS_SEED || plan == 0) {
        nx_text_add(t, plan == 0 ? "none" : "seed");
        return;
    }
    for (uint32_t i = 0; sim_fault_name(i) != NULL; i++) {
        if ((plan & (1u << i)) == 0)
            continue;
        nx_text_add(t, between);
        nx_text_add(t, sim_fault_name(i));
        between = ",";
    }
}

/* ---- options --------------------------------------------------------------------------------- */

/* Digits alone, between `min` and `max`. */
static bool read_number(struct nx_bytes text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit = (uint64_t)text.ptr[i] - '0';

        if (digit > 9 || digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (text.len == 0 || value < min)
        return false;
    *out = value;
    return true;
}

static bool read_u32(struct nx_bytes text, uint32_t min, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;

    if (!read_number(text, min, max, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool read_scenario(const char *name, const struct sim_scenario **out)
{
    const struct sim_scenario *found = sim_scenario_find(name);

    if (found != NULL)
        *out = found;
    return found != NULL;
}

static bool read_value(struct sim_options *o, struct nx_bytes name, const char *value)
{
    struct nx_bytes text = nx_bytes_of_text(value);

    if (is_text(name, "--scenario"))
        return read_scenario(value, &o->scenario);
    if (is_text(name, "--seed"))
        return read_number(text, 0, UINT64_MAX, &o->seed);
    if (is_text(name, "--seeds"))
        return read_number(text, 1, SIM_SEEDS_MAX, &o->seed_count);
    if (is_text(name, "--nodes"))
        return read_u32(text, 2, SIM_DEVICES_MAX, &o->nodes);
    if (is_text(name, "--minutes"))
        return read_u32(text, 1, SIM_MINUTES_MAX, &o->minutes);
    if (is_text(name, "--faults") && sim_plan_read(text, &o->faults)) {
        o->has_faults = true;
        return true;
    }
    return false;
}

int sim_options_read(struct sim_options *o, const char *name, const char *value)
{
    struct nx_bytes text = nx_bytes_of_text(name);

    if (is_text(text, "--list")) {
        o->is_list = true;
        return 1;
    }
    if (is_text(text, "--trace")) {
        o->is_trace = true;
        return 1;
    }
    return value != NULL && read_value(o, text, value) ? 2 : 0;
}

struct sim_config sim_options_config(const struct sim_options *o,
                                     const struct sim_scenario *scenario, uint64_t seed)
{
    return (struct sim_config){
        .scenario = scenario,
        .seed = seed,
        .device_count = o->nodes > 0 ? o->nodes : scenario->device_count,
        .minutes = o->minutes > 0 ? o->minutes : scenario->minutes,
        .faults = o->has_faults ? o->faults : scenario->faults,
    };
}
