/* nxsim on a host: argv, stdio, memory from the heap, and how long it took. All else is the world's.
 *
 *     nxsim --list
 *     nxsim --scenario NAME --seed N [--nodes K] [--faults PLAN] [--minutes M] [--trace]
 *     nxsim --seeds COUNT [--scenario NAME] [--seed FIRST] […]     many, and what became of them
 *
 * PLAN is "none", "all", "seed" (the seed chooses), or names joined by commas: loss, part, crash, stop,
 * disk, torn, clock. The last line of a run is "trace HASH events N simulated S". */
#define _POSIX_C_SOURCE 200809L

#include "sim/options.h"
#include "sim/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct sim_world world;
static struct sim_memory memory[SIM_DEVICES_MAX];
static struct sim_options options;

static void print_line(void *owner, struct nx_bytes line)
{
    (void)owner;
    printf("%.*s\n", (int)line.len, (const char *)line.ptr);
}

static bool read_options(struct sim_options *o, int argc, char **argv)
{
    int i = 1;

    while (i < argc) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        int took = sim_options_read(o, argv[i], value);

        if (took == 0) {
            fprintf(stderr, "nxsim: not understood: %s %s\n%s", argv[i], value != NULL ? value : "",
                    sim_options_usage);
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

static bool run(const struct sim_options *o, const struct sim_scenario *scenario, uint64_t seed)
{
    struct sim_config config = sim_options_config(o, scenario, seed);

    config.sink = o->is_trace ? print_line : NULL;
    return sim_world_run(&world, &config, memory);
}

/* Of this process on one core, so that what else the machine does is not counted. */
static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run_one(const struct sim_options *o)
{
    double begun = seconds();
    bool is_good = run(o, o->scenario, o->seed);
    double took = seconds() - begun;
    double simulated = (double)world.now.ns / 1e9;
    const struct sim_report report = {.say = print_line, .before = ""};

    fprintf(stderr, "%.0f simulated seconds in %.2f s, %.0f : 1; %" PRIu64 " turns\n", simulated,
            took, simulated / took, world.turn_count);
    if (!is_good)
        sim_report_failure(&report, &world);
    sim_report_run(&report, &world);
    return is_good ? 0 : 1;
}

/* Many seeds of one scenario: one row, and each failure under it. */
static uint64_t run_seeds(const struct sim_options *o, const struct sim_scenario *scenario,
                          uint32_t row)
{
    const struct sim_report report = {.say = print_line, .before = "# "};
    double begun = seconds(), simulated = 0;
    uint64_t failed_count = 0, hash = 0;

    for (uint64_t i = 0; i < o->seed_count; i++) {
        if (!run(o, scenario, o->seed + i)) {
            failed_count++;
            sim_report_failure(&report, &world);
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

static int run_many(const struct sim_options *o)
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
