/* Offers: who may type which code. Two devices show one to a third, two show each other one, an offer
 * takes the place of another, a code is typed for the wrong device or too late, and in the middle of it
 * somebody thinks better of it.
 *
 * The oracle of every world knows which codes were typed rightly at some time. This one wants more: the
 * owner pairs by the code that he shows at that moment, and not by one that he showed before; the typist
 * after him; and nothing between the two is open any more. */
#include "sim/scenarios.h"

#include "core/base/memory.h"

enum {
    DISK_MS = 40,
    MIDDLE_MS = 80, /* a pairing takes about so long */

    /* Steps: what kind; above that, of all but the first, who, and with whom. */
    STEP_CASE = 0,
    STEP_CANCEL_OFFER,
    STEP_CANCEL_TYPING,
    STEP_UNPAIR,
    STEP_COUNT,
};

static bool show(struct sim_world *w, struct sim_device *owner, const struct sim_device *typist,
                 char code[DSB_PAIRING_CODE_LEN + 1])
{
    return sim_person_offer(w, owner, typist->identity.id_text, code);
}

static void type_in(struct sim_world *w, uint32_t most_ms, const struct sim_device *typist,
                    const struct sim_device *owner, const char *code)
{
    sim_person_type_in(w, sim_world_draw(w, 0, most_ms), typist, owner->identity.id_text, code);
}

/* `step` at this device, when a code that is typed in `wait_ms` is being checked with the other. */
static void meet(struct sim_world *w, uint32_t wait_ms, uint32_t step, const struct sim_device *d,
                 const struct sim_device *other)
{
    uint32_t who = d->index * SIM_DEVICES_MAX + other->index;

    sim_world_step_in(w, wait_ms, wait_ms + MIDDLE_MS, who * STEP_COUNT + step);
}

/* ---- cases ----------------------------------------------------------------------------------- */

/* Two show a code to one; he types both, each for the right one, or each for the other. */
static void two_to_one(struct sim_world *w, struct sim_device *a, struct sim_device *b,
                       struct sim_device *typist)
{
    char of_a[DSB_PAIRING_CODE_LEN + 1], of_b[DSB_PAIRING_CODE_LEN + 1];
    bool is_crossed = sim_world_draw(w, 0, 2) == 0;

    if (!show(w, a, typist, of_a) || !show(w, b, typist, of_b))
        return;
    type_in(w, 500, typist, a, is_crossed ? of_b : of_a);
    type_in(w, 500, typist, b, is_crossed ? of_a : of_b);
    type_in(w, 4000, typist, a, of_a);
    type_in(w, 4000, typist, b, of_b);
}

/* Both show and both type, at once or nearly; sometimes each his own digits. */
static void each_other(struct sim_world *w, struct sim_device *a, struct sim_device *b)
{
    char of_a[DSB_PAIRING_CODE_LEN + 1], of_b[DSB_PAIRING_CODE_LEN + 1];
    uint32_t apart_ms = sim_world_draw(w, 0, 1) == 0 ? 0 : MIDDLE_MS;
    bool is_own = sim_world_draw(w, 0, 5) == 0;

    if (!show(w, a, b, of_a) || !show(w, b, a, of_b))
        return;
    sim_person_type_in(w, 1000, a, b->identity.id_text, is_own ? of_a : of_b);
    sim_person_type_in(w, 1000 + sim_world_draw(w, 0, apart_ms), b, a->identity.id_text,
                       is_own ? of_b : of_a);
}

/* The first code is taken back for another, in the very moment or a while later; the first one is typed
 * all the same, before or after, and then the second. */
static void another_instead(struct sim_world *w, struct sim_device *owner,
                            struct sim_device *typist, struct sim_device *other)
{
    char first[DSB_PAIRING_CODE_LEN + 1], second[DSB_PAIRING_CODE_LEN + 1];
    struct sim_device *next = sim_world_draw(w, 0, 1) == 0 ? typist : other;

    if (!show(w, owner, typist, first))
        return;
    sim_person_cancel(owner);
    if (!show(w, owner, next, second))
        return;
    type_in(w, 200, typist, owner, first);
    type_in(w, 4000, next, owner, second);
}

/* Somebody thinks better of it while the code is being checked, or forgets the device. */
static void in_the_middle(struct sim_world *w, struct sim_device *owner, struct sim_device *typist)
{
    static const uint32_t steps[] = {STEP_CANCEL_OFFER, STEP_CANCEL_OFFER, STEP_CANCEL_TYPING,
                                     STEP_UNPAIR};
    uint32_t step = steps[sim_world_draw(w, 0, NX_COUNT_OF(steps) - 1)];
    char code[DSB_PAIRING_CODE_LEN + 1];

    if (!show(w, owner, typist, code))
        return;
    sim_person_type_in(w, 1000, typist, owner->identity.id_text, code);
    if (step == STEP_CANCEL_TYPING)
        meet(w, 1000, step, typist, owner);
    else
        meet(w, 1000, step, owner, typist);
}

/* The code that is shown to one is typed by another. */
static void by_another(struct sim_world *w, struct sim_device *owner, struct sim_device *typist,
                       struct sim_device *other)
{
    char code[DSB_PAIRING_CODE_LEN + 1];

    if (!show(w, owner, typist, code))
        return;
    type_in(w, 1000, other, owner, code);
    type_in(w, 3000, typist, owner, code);
}

static void do_case(struct sim_world *w)
{
    struct sim_device *a = sim_world_any(w);
    struct sim_device *b = sim_world_any_but(w, a);
    struct sim_device *c = sim_world_any_but(w, a);

    if (c == b)
        c = &w->devices[(b->index + 1) % w->device_count];
    switch (c == a || c == b ? 1 : sim_world_draw(w, 0, 6)) {
    case 0:
        two_to_one(w, a, b, c);
        break;
    case 1:
        each_other(w, a, b);
        break;
    case 2:
        another_instead(w, a, b, c);
        break;
    case 3:
    case 4:
        in_the_middle(w, a, b);
        break;
    case 5:
        by_another(w, a, b, c);
        break;
    default:
        sim_person_pair(w, a, b, true);
        break;
    }
}

static void step(struct sim_world *w, uint32_t index)
{
    struct sim_device *d = &w->devices[index / STEP_COUNT / SIM_DEVICES_MAX];
    struct sim_device *other = &w->devices[index / STEP_COUNT % SIM_DEVICES_MAX];

    switch (index % STEP_COUNT) {
    case STEP_CASE:
        do_case(w);
        sim_world_step_in(w, 500, 20000, STEP_CASE);
        break;
    case STEP_CANCEL_OFFER:
        sim_person_cancel(d);
        break;
    case STEP_CANCEL_TYPING:
        sim_person_cancel_typing(d);
        break;
    case STEP_UNPAIR:
        sim_person_unpair(w, d, other);
        break;
    default:
        break;
    }
}

/* ---- what has to hold ------------------------------------------------------------------------ */

static bool is_open_with(const struct sim_device *d, const struct sim_device *other)
{
    for (int i = 0; i < DSB_PAIRING_ROLE_COUNT; i++) {
        const struct dsb_pairing_peer *peer =
            dsb_pairing_peer_of(&d->node.pairing, (enum dsb_pairing_role)i);

        if (peer != NULL && sim_device_is(other, peer->id_text))
            return true;
    }
    return false;
}

static bool is_same(const char *a, const char *b)
{
    return nx_bytes_equal(nx_bytes_of_text(a), nx_bytes_of_text(b));
}

/* The code that the owner shows now was typed for it, and not only one that it showed before. */
static void judge_owner(struct sim_world *w, const struct sim_device *owner,
                        const struct sim_device *typist)
{
    const struct sim_offer *offer = &w->oracle.offers[owner->index];

    if (offer->typist != typist->index)
        sim_world_fail(w, "paired with a device that no code was shown to");
    else if (!is_same(w->stage.offers.typed[typist->index][owner->index], offer->code))
        sim_world_fail(w, "paired, and it was not this code that was typed for it");
}

static bool news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    const struct sim_device *other = sim_world_device(w, event->id_text);

    if (event->kind != DSB_NODE_PAIRED || other == NULL)
        return false;
    if (event->role == DSB_PAIRING_OWNER)
        judge_owner(w, d, other);
    else
        sim_oracle_typist_paired(w, other, d);
    if (is_open_with(d, other))
        sim_world_fail(w, "paired, and an offer or an accept between the two is open still");
    return false;
}

static void typed(struct sim_world *w, const struct sim_device *owner,
                  const struct sim_device *typist, const char *code)
{
    const struct sim_offer *offer = &w->oracle.offers[owner->index];

    if (offer->is_open && offer->typist == typist->index && is_same(offer->code, code))
        memcpy(w->stage.offers.typed[typist->index][owner->index], offer->code,
               sizeof(offer->code));
}

/* What was stored for a pairing that somebody gave up meanwhile is taken out again. */
static void judge_registry(struct sim_world *w, const struct sim_device *d)
{
    for (uint32_t k = 0; k < w->device_count; k++) {
        if (k != d->index &&
            sim_device_is_paired(d, &w->devices[k]) != w->oracle.beliefs[d->index][k].is_told)
            sim_world_fail(w, "the registry knows what was never announced, or does not what was");
    }
}

/* It was not asked for less than its own length. */
static bool is_whole(const struct sim_world *w)
{
    return w->config.minutes >= w->config.scenario->minutes;
}

static void check(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->device_count; i++)
        judge_registry(w, &w->devices[i]);
    if (is_whole(w) && w->faults.plan == 0 && w->oracle.paired_count == 0)
        sim_world_fail(w, "of all these codes none paired anybody");
}

static void begin(struct sim_world *w)
{
    w->stage.offers = (struct sim_offers){0};
    for (uint32_t i = 0; i < w->device_count; i++) /* slow, so that much happens meanwhile */
        w->devices[i].disk.latency = nx_milliseconds(sim_world_draw(w, 0, DISK_MS));
    sim_world_pass(w, nx_seconds(7)); /* everybody has announced */
}

const struct sim_scenario sim_scenario_offers = {
    .name = "offers",
    .what = "four devices show codes to each other, two at once, replaced, taken back, mixed up",
    .device_count = 4,
    .minutes = 6,
    .faults = SIM_FAULTS_SEED,
    .begin = begin,
    .step = step,
    .check = check,
    .news = news,
    .typed = typed,
};
