#include "sim/options.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

struct option_row {
    const char *name;
    const char *word, *value;
    int took;
};

static const struct option_row rows[] = {
    {"a list is asked for in one word", "--list", NULL, 1},
    {"so is a trace, whatever comes behind it", "--trace", "--list", 1},
    {"a scenario is named", "--scenario", "pairing", 2},
    {"a scenario that is not there is refused", "--scenario", "pairings", 0},
    {"half a name is none", "--scenario", "pair", 0},
    {"a value that is missing is refused", "--scenario", NULL, 0},
    {"the last seed there is", "--seed", "18446744073709551615", 2},
    {"one seed more is refused", "--seed", "18446744073709551616", 0},
    {"a number of no digits is refused", "--seed", "", 0},
    {"a sign is refused", "--seed", "-1", 0},
    {"what stands behind the digits is refused", "--seed", "7 ", 0},
    {"no seeds at all are refused", "--seeds", "0", 0},
    {"a million seeds are accepted", "--seeds", "1000000", 2},
    {"one more seed is refused", "--seeds", "1000001", 0},
    {"one node alone is refused", "--nodes", "1", 0},
    {"two nodes are a world", "--nodes", "2", 2},
    {"eight are the most", "--nodes", "8", 2},
    {"nine are refused", "--nodes", "9", 0},
    {"ten are refused", "--nodes", "10", 0},
    {"no minute is refused", "--minutes", "0", 0},
    {"a leap year of minutes is accepted", "--minutes", "527040", 2},
    {"one minute more is refused", "--minutes", "527041", 0},
    {"faults have names", "--faults", "part,loss", 2},
    {"one name that is none spoils the plan", "--faults", "part,lost", 0},
    {"a plan of an empty name is refused", "--faults", "part,", 0},
    {"a plan of nothing is refused", "--faults", "", 0},
    {"the plan `all` joins nothing", "--faults", "all,loss", 0},
    {"an option is spelled whole", "--see", "7", 0},
    {"a word that is no option is refused", "session", "7", 0},
};

static void test_words(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(rows); i++) {
        struct sim_options o, before;

        unit_row(rows[i].name);
        memset(&o, 0, sizeof(o));
        memcpy(&before, &o, sizeof(before));
        EXPECT_EQ(sim_options_read(&o, rows[i].word, rows[i].value), rows[i].took);
        if (rows[i].took == 0)
            EXPECT_BYTES(nx_bytes_of(&o, sizeof(o)), nx_bytes_of(&before, sizeof(before)));
        else
            EXPECT(memcmp(&o, &before, sizeof(o)) != 0);
    }
}

static void test_plans(void)
{
    static const struct {
        const char *name, *text, *said;
    } plans[] = {
        {"no plan is said as it was read", "none", "none"},
        {"a plan that the seed chooses is, too", "seed", "seed"},
        {"faults are said in their own order", "clock,loss", "loss,clock"},
        {"a fault that is named twice is said once", "disk,disk", "disk"},
    };

    for (size_t i = 0; i < NX_COUNT_OF(plans); i++) {
        char said[200];
        struct nx_text t = nx_text_over(said, sizeof(said));
        uint32_t plan = 0;

        unit_row(plans[i].name);
        EXPECT(sim_plan_read(nx_bytes_of_text(plans[i].text), &plan));
        sim_plan_say(&t, plan);
        EXPECT_TEXT(said, plans[i].said);
    }
}

static void test_plans_again(void)
{
    char said[200];
    uint32_t plan = 0;

    unit_row("what is said of all faults reads as all of them");
    struct nx_text t = nx_text_over(said, sizeof(said));

    sim_plan_say(&t, SIM_FAULTS_ALL);
    EXPECT(said[0] != 'a');
    EXPECT(sim_plan_read(nx_bytes_of_text(said), &plan));
    EXPECT_EQ(plan, SIM_FAULTS_ALL);

    unit_row("a plan that is not understood leaves the one that was");
    plan = 5;
    EXPECT(!sim_plan_read(nx_bytes_of_text("loss,fire"), &plan));
    EXPECT_EQ(plan, 5);
}

static void test_config(void)
{
    struct sim_options o = {.seed = 3};
    struct sim_config c;

    unit_row("what is not asked for is the scenario's");
    c = sim_options_config(&o, &sim_scenario_session, 9);
    EXPECT_EQ(c.seed, 9);
    EXPECT_EQ(c.device_count, sim_scenario_session.device_count);
    EXPECT_EQ(c.minutes, sim_scenario_session.minutes);
    EXPECT_EQ(c.faults, sim_scenario_session.faults);

    unit_row("what is asked for is not the scenario's, no fault at all included");
    EXPECT_EQ(sim_options_read(&o, "--nodes", "5"), 2);
    EXPECT_EQ(sim_options_read(&o, "--minutes", "77"), 2);
    EXPECT_EQ(sim_options_read(&o, "--faults", "none"), 2);
    c = sim_options_config(&o, &sim_scenario_session, 9);
    EXPECT_EQ(c.device_count, 5);
    EXPECT_EQ(c.minutes, 77);
    EXPECT_EQ(c.faults, 0);
}

UNIT_SUITE(options_test)
{
    test_words();
    test_plans();
    test_plans_again();
    test_config();
}
