/* nxsim on the board: the run that the command line asks for, said by semihosting.
 *
 *     build-rv64/os/run build-rv64/sim/nxsim --scenario session --seed 7 --nodes 2 [--trace]
 *
 * One run, with the options of the host's nxsim and its lines (sim/main.c), so that two outputs can be
 * compared; the exit code is the host's as well. Devices live in the RAM that the program leaves
 * free, and as many fit as fit. */
#include "core/base/memory.h"
#include "os/semihost/semihost.h"
#include "sim/options.h"
#include "sim/report.h"

enum {
    LINE_MAX = 512,
    CODE_KEPT = 0,
    CODE_FAILED = 1,
    CODE_NOT_UNDERSTOOD = 2,
};

static struct sim_world world;
static struct sim_memory memory[SIM_DEVICES_MAX];

/* ---- said ------------------------------------------------------------------------------------ */

static void print_line(void *owner, struct nx_bytes line)
{
    (void)owner;
    semihost_write((const char *)line.ptr, line.len);
    semihost_write("\n", 1);
}

static int refuse(const char *what, const char *more)
{
    char line[LINE_MAX];
    struct nx_text t = nx_text_over(line, sizeof(line));

    nx_text_add(&t, "nxsim: ");
    nx_text_add(&t, what);
    nx_text_add(&t, more);
    print_line(NULL, nx_bytes_of(t.ptr, t.len));
    return CODE_NOT_UNDERSTOOD;
}

/* ---- asked for ------------------------------------------------------------------------------- */

/* The next word of a line, terminated where it ends; NULL: there is none. */
static char *next_word(char **rest)
{
    char *word = *rest, *end;

    while (*word == ' ')
        word++;
    end = word;
    while (*end != ' ' && *end != '\0')
        end++;
    *rest = *end == ' ' ? end + 1 : end;
    *end = '\0';
    return *word != '\0' ? word : NULL;
}

/* NULL: all is understood; or the word that is not. The program's own name stands before the options. */
static const char *read_options(struct sim_options *o, char *line)
{
    const char *word = next_word(&line);

    while (word != NULL && word[0] != '-')
        word = next_word(&line);
    while (word != NULL) {
        const char *value = next_word(&line);
        int took = sim_options_read(o, word, value);

        if (took == 0)
            return word;
        word = took == 1 ? value : next_word(&line);
    }
    return NULL;
}

/* ---- memory ---------------------------------------------------------------------------------- */

extern uint8_t free_start[], free_end[]; /* os/semihost/link.ld */

struct region {
    uint8_t *at;
    size_t len;
};

/* `size` bytes from the front, zero, aligned as anything may ask for; NULL: so many are not left. */
static void *take(struct region *r, uint64_t size)
{
    size_t rounded = (size_t)((size + 63) / 64 * 64);
    uint8_t *taken = r->at;

    if (rounded > r->len)
        return NULL;
    r->at += rounded;
    r->len -= rounded;
    memset(taken, 0, rounded);
    return taken;
}

static bool begin_memory(struct region *r, uint32_t device_count)
{
    for (uint32_t i = 0; i < device_count; i++) {
        memory[i].node = take(r, dsb_node_memory_size(&sim_profile));
        memory[i].places = take(r, SIM_PLACES * sizeof(*memory[i].places));
        memory[i].values = take(r, (uint64_t)SIM_DISK_KEYS_MAX * NX_STORE_VALUE_MAX);
        if (memory[i].node == NULL || memory[i].places == NULL || memory[i].values == NULL)
            return false;
    }
    return true;
}

static struct region free_memory(void)
{
    uintptr_t start = ((uintptr_t)free_start + 63) / 64 * 64;

    return (struct region){(uint8_t *)start, (uintptr_t)free_end - start};
}

static void say_memory(uint64_t device_bytes)
{
    char line[SIM_REPORT_LINE_MAX];
    struct nx_text t = nx_text_over(line, sizeof(line));

    nx_text_add(&t, "memory ");
    nx_text_add_u64(&t, sizeof(world) + device_bytes);
    nx_text_add(&t, " bytes: world ");
    nx_text_add_u64(&t, sizeof(world));
    nx_text_add(&t, " devices ");
    nx_text_add_u64(&t, device_bytes);
    print_line(NULL, nx_bytes_of(t.ptr, t.len));
}

/* ---- running --------------------------------------------------------------------------------- */

static int run(const struct sim_options *o)
{
    const struct sim_report report = {.say = print_line, .before = ""};
    struct sim_config config = sim_options_config(o, o->scenario, o->seed);
    struct region memory_left = free_memory();
    const uint8_t *first = memory_left.at;
    bool is_good;

    if (!begin_memory(&memory_left, config.device_count))
        return refuse("so many nodes do not fit into this machine", "");
    say_memory((uint64_t)(memory_left.at - first));
    config.sink = o->is_trace ? print_line : NULL;
    is_good = sim_world_run(&world, &config, memory);
    if (!is_good)
        sim_report_failure(&report, &world);
    sim_report_run(&report, &world);
    return is_good ? CODE_KEPT : CODE_FAILED;
}

int main(void)
{
    static char line[LINE_MAX];
    struct sim_options options = {0};
    const char *wrong;

    (void)semihost_command_line(line, sizeof(line));
    wrong = read_options(&options, line);
    if (wrong != NULL)
        return refuse("not understood: ", wrong);
    if (options.scenario == NULL || options.seed_count > 0 || options.is_list)
        return refuse("on the board it is one run: ", "--scenario NAME --seed N ...");
    return run(&options);
}
