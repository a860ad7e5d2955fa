/* nxsim: runs a scenario of the deterministic world under a seed.
 *
 *     nxsim --list
 *     nxsim --scenario NAME --seed N [--nodes K] [--faults PLAN] [--minutes M] [--trace]
 *     nxsim --seeds COUNT [--scenario NAME] [--seed FIRST] […]     many, and what became of them
 *
 * PLAN is "none", "all", "seed" (the seed chooses), or names joined by commas: loss, part, crash, stop,
 * disk, clock. The last line of a run is "trace HASH events N simulated S". */
#define _POSIX_C_SOURCE 200809L

#include "sim/scenarios.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
    const struct sim_scenario *scenario; /* NULL: each of them */
    uint64_t seed, seed_count;
    uint32_t nodes, minutes;
    uint32_t faults;
    bool has_faults, is_list;
    struct sim_config config;
};

static struct sim_world world;
static struct sim_memory memory[SIM_DEVICES_MAX];
static struct options options;

/* ---- options --------------------------------------------------------------------------------- */

static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    unsigned long long value;

    if (text == NULL || text[0] < '0' || text[0] > '9')
        return false;
    value = strtoull(text, &end, 10);
    if (*end != '\0' || value > max)
        return false;
    *out = value;
    return true;
}

static bool read_plan(const char *text, uint32_t *plan)
{
    *plan = 0;
    if (text == NULL)
        return false;
    if (strcmp(text, "none") == 0)
        return true;
    *plan = strcmp(text, "seed") == 0 ? SIM_FAULTS_SEED : SIM_FAULTS_ALL;
    if (*plan == SIM_FAULTS_SEED || strcmp(text, "all") == 0)
        return true;
    *plan = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        uint32_t i = 0;

        while (sim_fault_name(i) != NULL &&
               (strlen(sim_fault_name(i)) != len || strncmp(sim_fault_name(i), text, len) != 0))
            i++;
        if (sim_fault_name(i) == NULL)
            return false;
        *plan |= 1u << i;
        text += len + (text[len] == ',');
    }
    return *plan != 0;
}

static void print_line(void *owner, struct nx_bytes line)
{
    (void)owner;
    printf("%.*s\n", (int)line.len, (const char *)line.ptr);
}

/* How many words it took; 0: it is none, or its value is not good. */
static int read_option(struct options *o, const char *name, const char *value)
{
    uint64_t number = 0;
    bool is_good = false;

    if (strcmp(name, "--list") == 0) {
        o->is_list = true;
        return 1;
    }
    if (strcmp(name, "--trace") == 0) {
        o->config.sink = print_line;
        return 1;
    }
    if (strcmp(name, "--scenario") == 0 && value != NULL) {
        o->scenario = sim_scenario_find(value);
        is_good = o->scenario != NULL;
    } else if (strcmp(name, "--seed") == 0) {
        is_good = read_number(value, UINT64_MAX, &o->seed);
    } else if (strcmp(name, "--seeds") == 0) {
        is_good = read_number(value, 1000000, &o->seed_count) && o->seed_count > 0;
    } else if (strcmp(name, "--nodes") == 0) {
        is_good = read_number(value, SIM_DEVICES_MAX, &number) && number >= 2;
        o->nodes = (uint32_t)number;
    } else if (strcmp(name, "--minutes") == 0) {
        is_good = read_number(value, 60 * 24 * 366, &number) && number > 0;
        o->minutes = (uint32_t)number;
    } else if (strcmp(name, "--faults") == 0) {
        is_good = read_plan(value, &o->faults);
        o->has_faults = is_good;
    }
    return is_good ? 2 : 0;
}

static bool read_options(struct options *o, int argc, char **argv)
{
    int i = 1;

    while (i < argc) {
        int took = read_option(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL);

        if (took == 0) {
            fprintf(stderr,
                    "nxsim: not understood: %s %s\n"
                    "nxsim --list\n"
                    "nxsim --scenario NAME --seed N [--nodes K] [--faults PLAN] [--minutes M] "
                    "[--trace]\n"
                    "nxsim --seeds COUNT [--scenario NAME] [--seed FIRST] ...\n"
                    "PLAN: none, all, seed, or of loss,part,crash,stop,disk,clock\n",
                    argv[i], i + 1 < argc ? argv[i + 1] : "");
            return false;
        }
        i += took;
    }
    return true;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Zero where it matters: connections begin as they are after a close, which is FREE. */
static bool begin_memory(void)
{
    for (uint32_t i = 0; i < SIM_DEVICES_MAX; i++) {
        uint64_t size = dsb_node_memory_size(&sim_profile);

        memory[i].node = aligned_alloc(64, (size_t)((size + 63) / 64 * 64));
        memory[i].places = calloc(SIM_PLACES, sizeof(*memory[i].places));
        memory[i].values = calloc(SIM_DISK_KEYS_MAX, NX_STORE_VALUE_MAX);
        if (memory[i].node == NULL || memory[i].places == NULL || memory[i].values == NULL)
            return false;
    }
    return true;
}

static void end_memory(void)
{
    for (uint32_t i = 0; i < SIM_DEVICES_MAX; i++) {
        free(memory[i].node);
        free(memory[i].places);
        free(memory[i].values);
    }
}

static bool run(const struct options *o, const struct sim_scenario *scenario, uint64_t seed)
{
    struct sim_config config = o->config;

    config.scenario = scenario;
    config.seed = seed;
    config.device_count = o->nodes > 0 ? o->nodes : scenario->device_count;
    config.minutes = o->minutes > 0 ? o->minutes : scenario->minutes;
    config.faults = o->has_faults ? o->faults : scenario->faults;
    return sim_world_run(&world, &config, memory);
}

static void print_plan(uint32_t plan, const char *before)
{
    bool is_first = true;

    if (plan == SIM_FAULTS_SEED) {
        printf("%sseed", before);
        return;
    }
    printf("%s%s", before, plan == 0 ? "none" : "");
    for (uint32_t i = 0; sim_fault_name(i) != NULL; i++) {
        if (plan & (1u << i)) {
            printf("%s%s", is_first ? "" : ",", sim_fault_name(i));
            is_first = false;
        }
    }
}

/* The one line that repeats it, and what happened last. */
static void print_failure(const char *before)
{
    const struct sim_config *c = &world.config;

    printf("%sfailed: %s\n%snxsim --scenario %s --seed %" PRIu64 " --nodes %u --minutes %u", before,
           world.failure, before, c->scenario->name, c->seed, c->device_count, c->minutes);
    print_plan(c->faults, " --faults ");
    printf("\n");
    for (uint64_t back = SIM_TRACE_LAST; back-- > 0;) {
        if (sim_trace_line(&world.trace, back) != NULL)
            printf("%s  %s\n", before, sim_trace_line(&world.trace, back));
    }
}

/* Of this process on one core, so that what else the machine does is not counted. */
static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run_one(const struct options *o)
{
    double begun = seconds();
    bool is_good = run(o, o->scenario, o->seed);
    double took = seconds() - begun;
    double simulated = (double)world.now.ns / 1e9;
    const struct sim_oracle *seen = &world.oracle;

    fprintf(stderr, "%.0f simulated seconds in %.2f s, %.0f : 1; %" PRIu64 " turns\n", simulated,
            took, simulated / took, world.turn_count);
    if (!is_good)
        print_failure("");
    print_plan(world.faults.plan, "faults ");
    printf("\npaired %u failed %u unpaired %u sessions %u one-sided %u\n", seen->paired_count,
           seen->failed_count, seen->unpaired_count, seen->up_count, seen->one_sided_count);
    printf("streams %u whole %" PRIu64 " cut %" PRIu64 "; bytes pushed %" PRIu64 " pulled %" PRIu64
           " unconfirmed %" PRIu64 "; datagrams lost %" PRIu64 "\n",
           world.flows.count, world.flows.whole_count, world.flows.cut_count,
           world.flows.pushed.bytes, world.flows.pulled.bytes, world.flows.unconfirmed.bytes,
           world.net.lost_count);
    printf("trace %016" PRIx64 " events %" PRIu64 " simulated %" PRIu64 "\n", world.trace.hash,
           world.trace.count, world.now.ns / 1000000000u);
    return is_good ? 0 : 1;
}

/* Many seeds of one scenario: one row, and each failure under it. */
static uint64_t run_seeds(const struct options *o, const struct sim_scenario *scenario,
                          uint32_t row)
{
    double begun = seconds(), simulated = 0;
    uint64_t failed_count = 0, hash = 0;

    for (uint64_t i = 0; i < o->seed_count; i++) {
        if (!run(o, scenario, o->seed + i)) {
            failed_count++;
            print_failure("# ");
        }
        simulated += (double)world.now.ns / 1e9;
        hash = hash * 31 + world.trace.hash;
    }
    printf("# %s: %016" PRIx64 ", %.0f : 1\n", scenario->name, hash,
           simulated / (seconds() - begun));
    printf("%sok %u - sim/%s: %" PRIu64 " seeds from %" PRIu64 " on keep every promise\n",
           failed_count > 0 ? "not " : "", row, scenario->name, o->seed_count, o->seed);
    fflush(stdout);
    return failed_count;
}

static int run_many(const struct options *o)
{
    uint64_t failed_count = 0;
    uint32_t row = 0;

    for (uint32_t i = 0; i < SIM_SCENARIO_COUNT; i++) {
        if (o->scenario == NULL || o->scenario == sim_scenarios[i])
            failed_count += run_seeds(o, sim_scenarios[i], ++row);
    }
    printf("1..%u\n", row);
    return failed_count == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int code = 2;

    if (!read_options(&options, argc, argv))
        return code;
    if (options.is_list) {
        for (uint32_t i = 0; i < SIM_SCENARIO_COUNT; i++)
            printf("%-14s %s\n", sim_scenarios[i]->name, sim_scenarios[i]->what);
        return 0;
    }
    if (options.seed_count == 0 && options.scenario == NULL) {
        fprintf(stderr, "nxsim: which scenario? nxsim --list names them\n");
        return code;
    }
    if (begin_memory())
        code = options.seed_count > 0 ? run_many(&options) : run_one(&options);
    end_memory();
    return code;
}
