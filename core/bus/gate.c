#include "core/bus/gate.h"

#include "core/base/memory.h"

#define NS_PER_SECOND 1000000000u

#define SOURCE_INTERVAL nx_nanoseconds(NS_PER_SECOND / DSB_GATE_SOURCE_PER_SECOND)
#define TURN_INTERVAL   nx_nanoseconds(NS_PER_SECOND / DSB_GATE_NODE_PER_SECOND)
#define SOURCE_BURST    times(SOURCE_INTERVAL, DSB_GATE_SOURCE_BURST)
#define TURN_BURST      times(TURN_INTERVAL, DSB_GATE_NODE_BURST)
#define DELAY_MAX       nx_milliseconds(DSB_GATE_DELAY_MAX_MS)

void dsb_gate_init(struct dsb_gate *g)
{
    memset(g, 0, sizeof(*g));
}

/* ---- accounts: an instant at which all that was drawn is paid for ----------------------------- */

static struct nx_duration times(struct nx_duration d, uint32_t count)
{
    return nx_nanoseconds(d.ns * count);
}

/* The most that an account may owe at `now`: `burst`, and what is waited for. */
static struct nx_instant most_owed(struct nx_instant now, struct nx_duration burst)
{
    return nx_instant_after(nx_instant_after(now, burst), DELAY_MAX);
}

static struct nx_instant drawn(struct nx_instant even_at, struct nx_instant now,
                               struct nx_duration cost)
{
    return nx_instant_after(even_at.ns > now.ns ? even_at : now, cost);
}

/* How long whoever owes until `even_at` waits, when `burst` may be owed. */
static struct nx_duration wait_of(struct nx_instant even_at, struct nx_instant now,
                                  struct nx_duration burst)
{
    return nx_duration_between(nx_instant_after(now, burst), even_at);
}

static void charge(struct dsb_gate_source *source, struct nx_instant now, uint32_t handshake_count)
{
    struct nx_instant even_at =
        drawn(source->even_at, now, times(SOURCE_INTERVAL, handshake_count));

    source->even_at = nx_instant_earlier(even_at, most_owed(now, SOURCE_BURST));
}

/* ---- sources ---------------------------------------------------------------------------------- */

/* What is the same for all handshakes of one source: IPv4, all of it; IPv6, the network and the link. */
static struct dsb_gate_source source_of(const struct nx_address *from)
{
    struct dsb_gate_source source = {.family = (uint8_t)from->family, .scope = from->scope};

    memcpy(source.prefix, from->bytes, from->family == NX_ADDRESS_IPV4 ? 4 : sizeof(source.prefix));
    return source;
}

static uint32_t find_source(const struct dsb_gate *g, const struct dsb_gate_source *wanted)
{
    for (uint32_t i = 0; i < g->source_count; i++) {
        const struct dsb_gate_source *source = &g->sources[i];

        if (source->family == wanted->family && source->scope == wanted->scope &&
            memcmp(source->prefix, wanted->prefix, sizeof(wanted->prefix)) == 0)
            return i;
    }
    return DSB_GATE_NONE;
}

/* An entry for a new source: one that was never used, or the stranger's that owes least. */
static uint32_t add_source(struct dsb_gate *g, const struct dsb_gate_source *added)
{
    uint32_t least = DSB_GATE_NONE;

    if (g->source_count < DSB_GATE_SOURCES_MAX) {
        least = g->source_count++;
    } else {
        for (uint32_t i = 0; i < g->source_count; i++) {
            const struct dsb_gate_source *source = &g->sources[i];

            if (source->known_since == 0 && source->half_open_count == 0 &&
                (least == DSB_GATE_NONE || source->even_at.ns < g->sources[least].even_at.ns))
                least = i;
        }
    }
    NX_CHECK(least != DSB_GATE_NONE); /* fewer are known or half-open than there are entries */
    g->sources[least] = *added;
    return least;
}

/* When it completed, if it may be forgotten: it is known, and has nothing under way. */
static uint64_t forgettable_since(const struct dsb_gate_source *source)
{
    return source->known_since == 0 || source->half_open_count > 0 ? UINT64_MAX
                                                                   : source->known_since;
}

/* One known source more: the one that completed longest ago is a stranger again. */
static void forget_one(struct dsb_gate *g)
{
    struct dsb_gate_source *oldest = &g->sources[0];

    for (uint32_t i = 1; i < g->source_count; i++) {
        if (forgettable_since(&g->sources[i]) < forgettable_since(oldest))
            oldest = &g->sources[i];
    }
    NX_CHECK(forgettable_since(oldest) != UINT64_MAX); /* more are known than there are places */
    oldest->known_since = 0;
    g->known_count--;
}

static void remember(struct dsb_gate *g, struct dsb_gate_source *source)
{
    if (source->known_since == 0) {
        if (g->known_count == DSB_GATE_KNOWN_MAX)
            forget_one(g);
        g->known_count++;
    }
    source->known_since = ++g->sequence;
}

/* ---- places ----------------------------------------------------------------------------------- */

static void vacate(struct dsb_gate *g, struct dsb_gate_place *place)
{
    g->half_open_count[place->is_known]--;
    g->sources[place->source].half_open_count--;
    place->state = DSB_GATE_FREE;
}

/* Is `a` to go rather than `b`? Who waits before who has its turn, then who came, or had it, first. */
static bool goes_before(const struct dsb_gate_place *a, const struct dsb_gate_place *b)
{
    if (a->state != b->state)
        return a->state == DSB_GATE_WAITING;
    if (a->state == DSB_GATE_GRANTED && a->opens_at.ns != b->opens_at.ns)
        return a->opens_at.ns < b->opens_at.ns;
    return a->sequence < b->sequence;
}

/* Does a newcomer of this sort need the place of somebody else? */
static bool is_full_for(const struct dsb_gate *g, bool is_known)
{
    return dsb_gate_half_open_count(g) == DSB_GATE_PLACES_MAX ||
           (!is_known && g->half_open_count[false] == DSB_GATE_PLACES_MAX - DSB_GATE_KEPT);
}

/* Whose place it is: a stranger's, as long as strangers keep their quarter. */
static uint32_t find_dropped(const struct dsb_gate *g, bool is_known)
{
    bool drop_known = g->half_open_count[false] + !is_known <= DSB_GATE_KEPT;
    uint32_t out = DSB_GATE_NONE;

    for (uint32_t i = 0; i < DSB_GATE_PLACES_MAX; i++) {
        const struct dsb_gate_place *place = &g->places[i];

        if (place->state != DSB_GATE_FREE && place->is_known == drop_known &&
            (out == DSB_GATE_NONE || goes_before(place, &g->places[out])))
            out = i;
    }
    NX_CHECK(out != DSB_GATE_NONE);
    return out;
}

/* The oldest place of one source that had its time. */
static uint32_t find_slow(const struct dsb_gate *g, struct nx_instant now, uint32_t source)
{
    uint32_t out = DSB_GATE_NONE;

    for (uint32_t i = 0; i < DSB_GATE_PLACES_MAX; i++) {
        const struct dsb_gate_place *place = &g->places[i];
        struct nx_instant slow_at =
            nx_instant_after(place->opens_at, nx_milliseconds(DSB_GATE_SLOW_MS));

        if (place->state != DSB_GATE_FREE && place->source == source &&
            nx_instant_reached(slow_at, now) &&
            (out == DSB_GATE_NONE || place->sequence < g->places[out].sequence))
            out = i;
    }
    return out;
}

static uint32_t find_free(const struct dsb_gate *g)
{
    uint32_t i = 0;

    while (g->places[i].state != DSB_GATE_FREE)
        i++;
    return i;
}

/* Is the pass worth its place? */
static bool holds(const struct dsb_gate *g, const struct dsb_gate_pass *pass)
{
    const struct dsb_gate_place *place;

    if (pass->place >= DSB_GATE_PLACES_MAX)
        return false;
    place = &g->places[pass->place];
    return place->state != DSB_GATE_FREE && place->sequence == pass->sequence;
}

static void delay(struct dsb_gate *g, struct dsb_gate_place *place)
{
    if (!place->is_delayed)
        g->counts.delayed++;
    place->is_delayed = true;
}

/* ---- verbs ------------------------------------------------------------------------------------ */

/* A handshake of this source begins in this place, which is free. */
static void occupy(struct dsb_gate *g, struct nx_instant now, uint32_t place_index, uint32_t source)
{
    struct dsb_gate_source *from = &g->sources[source];
    struct dsb_gate_place *place = &g->places[place_index];

    charge(from, now, 1);
    struct nx_duration wait = wait_of(from->even_at, now, SOURCE_BURST);
    *place = (struct dsb_gate_place){
        .state = DSB_GATE_WAITING,
        .is_known = from->known_since != 0,
        .source = source,
        .sequence = ++g->sequence,
        .entered_at = now,
        .opens_at = nx_instant_after(now, wait),
    };
    if (wait.ns > 0)
        delay(g, place);
    from->half_open_count++;
    g->half_open_count[place->is_known]++;
    g->counts.entered++;
}

enum nx_status dsb_gate_enter(struct dsb_gate *g, struct nx_instant now,
                              const struct nx_address *from, struct dsb_gate_pass *pass,
                              uint32_t *dropped)
{
    struct dsb_gate_source wanted = source_of(from);
    uint32_t source = find_source(g, &wanted);
    bool is_known = source != DSB_GATE_NONE && g->sources[source].known_since != 0;
    uint32_t out = DSB_GATE_NONE;

    if (source != DSB_GATE_NONE && g->sources[source].half_open_count == DSB_GATE_PER_SOURCE_MAX) {
        out = find_slow(g, now, source);
        if (out == DSB_GATE_NONE) {
            g->counts.refused_source++;
            return NX_E_LIMIT;
        }
    } else if (is_full_for(g, is_known)) {
        out = find_dropped(g, is_known);
    }

    if (out != DSB_GATE_NONE) {
        vacate(g, &g->places[out]);
        g->counts.dropped++;
    }
    if (source == DSB_GATE_NONE)
        source = add_source(g, &wanted);
    uint32_t place = out != DSB_GATE_NONE ? out : find_free(g);
    occupy(g, now, place, source);
    *pass = (struct dsb_gate_pass){.place = place, .sequence = g->places[place].sequence};
    *dropped = out;
    return NX_OK;
}

/* Draws a turn. False: there is none in time. */
static bool grant(struct dsb_gate *g, struct nx_instant now, struct dsb_gate_place *place)
{
    struct nx_instant *turns = &g->turns_even_at[place->is_known];
    struct nx_duration waited = nx_duration_between(place->entered_at, place->opens_at);

    *turns = nx_instant_earlier(*turns, most_owed(now, TURN_BURST)); /* if the clock went back */
    struct nx_instant even_at = drawn(*turns, now, TURN_INTERVAL);
    struct nx_duration wait = wait_of(even_at, now, TURN_BURST);
    if (waited.ns + wait.ns > DELAY_MAX.ns)
        return false;

    *turns = even_at;
    place->state = DSB_GATE_GRANTED;
    place->opens_at = nx_instant_after(now, wait);
    if (wait.ns > 0)
        delay(g, place);
    return true;
}

enum nx_status dsb_gate_open(struct dsb_gate *g, struct nx_instant now,
                             const struct dsb_gate_pass *pass)
{
    if (!holds(g, pass))
        return NX_E_CLOSED;

    struct dsb_gate_place *place = &g->places[pass->place];
    if (!nx_instant_reached(place->opens_at, now))
        return NX_WOULD_BLOCK;
    if (place->state == DSB_GATE_WAITING && !grant(g, now, place)) {
        g->counts.refused_node++;
        return NX_E_LIMIT;
    }
    return nx_instant_reached(place->opens_at, now) ? NX_OK : NX_WOULD_BLOCK;
}

struct nx_instant dsb_gate_opens_at(const struct dsb_gate *g, const struct dsb_gate_pass *pass)
{
    return holds(g, pass) ? g->places[pass->place].opens_at : NX_NEVER;
}

void dsb_gate_leave(struct dsb_gate *g, struct nx_instant now, const struct dsb_gate_pass *pass,
                    enum dsb_gate_outcome outcome)
{
    if (!holds(g, pass))
        return;

    struct dsb_gate_source *source = &g->sources[g->places[pass->place].source];
    vacate(g, &g->places[pass->place]);
    switch (outcome) {
    case DSB_GATE_COMPLETED:
        remember(g, source);
        g->counts.completed++;
        break;
    case DSB_GATE_FAILED:
        charge(source, now, DSB_GATE_FAILED_COST);
        g->counts.failed++;
        break;
    case DSB_GATE_LEFT:
        g->counts.left++;
        break;
    }
}

uint32_t dsb_gate_half_open_count(const struct dsb_gate *g)
{
    return g->half_open_count[false] + g->half_open_count[true];
}

bool dsb_gate_knows(const struct dsb_gate *g, const struct nx_address *from)
{
    struct dsb_gate_source wanted = source_of(from);
    uint32_t source = find_source(g, &wanted);

    return source != DSB_GATE_NONE && g->sources[source].known_since != 0;
}

const struct dsb_gate_counts *dsb_gate_counts(const struct dsb_gate *g)
{
    return &g->counts;
}
