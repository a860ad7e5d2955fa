#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/discovery_internal.h"

struct dsb_discovery_config dsb_discovery_config_default(void)
{
    return (struct dsb_discovery_config){
        .mode = DSB_DISCOVERY_MULTICAST,
        .interval_ms = 5000,
        .jitter_ms = 1000,
        .stranger_burst = 50,
        .strangers_per_second = 10,
    };
}

/* ---- events and the marker -------------------------------------------------------------------- */

void dsb_discovery_tell(struct dsb_discovery *d, enum dsb_discovery_event_kind kind,
                        const struct dsb_neighbour *n)
{
    if (d->event_count == DSB_DISCOVERY_EVENTS_MAX) {
        d->has_missed = true;
        return;
    }

    uint32_t at = (d->event_first + d->event_count++) % DSB_DISCOVERY_EVENTS_MAX;
    d->events[at].kind = kind;
    memcpy(d->events[at].id, n->id, sizeof(n->id));
}

bool dsb_discovery_event(struct dsb_discovery *d, struct dsb_discovery_event *event)
{
    if (d->event_count > 0) {
        *event = d->events[d->event_first];
        d->event_first = (d->event_first + 1) % DSB_DISCOVERY_EVENTS_MAX;
        d->event_count--;
        return true;
    }
    if (d->has_missed) {
        *event = (struct dsb_discovery_event){.kind = DSB_DISCOVERY_MISSED};
        d->has_missed = false;
        return true;
    }
    return false;
}

uint32_t dsb_discovery_count(const struct dsb_discovery *d)
{
    return d->neighbours.present_count + 1;
}

void dsb_discovery_say_count(struct dsb_discovery *d)
{
    char line[NX_MARKER_LINE_MAX];
    struct nx_text t = nx_text_over(line, sizeof(line));

    if (d->said_count == dsb_discovery_count(d))
        return;
    d->said_count = dsb_discovery_count(d);
    nx_text_add(&t, "dsoftbus: discovered n=");
    nx_text_add_u64(&t, d->said_count);
    nx_marker_emit(d->config.markers, d->now, nx_bytes_of(line, t.len));
}

/* ---- one neighbour ----------------------------------------------------------------------------- */

/* One that is present leaves: its time is over, or it makes room. */
static void forget(struct dsb_discovery *d, struct dsb_neighbour *n)
{
    dsb_discovery_tell(d, DSB_DISCOVERY_GONE, n);
    if (n->is_paired) {
        dsb_neighbours_lost(&d->neighbours, n);
        dsb_neighbour_drop_hints(n);
    } else {
        dsb_neighbours_remove(&d->neighbours, n);
    }
}

void dsb_discovery_advance(struct dsb_discovery *d, struct nx_instant now)
{
    struct dsb_neighbour *n;

    if (now.ns > d->now.ns)
        d->now = now;
    while ((n = dsb_neighbours_expired(&d->neighbours, d->now)) != NULL)
        forget(d, n);
}

struct dsb_neighbour *dsb_discovery_add(struct dsb_discovery *d, struct nx_bytes id)
{
    struct dsb_neighbour *n = dsb_neighbours_add(&d->neighbours, id);

    if (n != NULL)
        return n;
    n = dsb_neighbours_oldest(&d->neighbours);
    if (n == NULL)
        return NULL;
    forget(d, n);
    d->counts.evicted++;
    return dsb_neighbours_add(&d->neighbours, id);
}

bool dsb_discovery_id_is_good(const struct dsb_discovery *d, struct nx_bytes id)
{
    uint8_t raw[DSB_ID_LEN];

    if (!d->config.has_text_ids)
        return nx_hex_decode(id, raw, sizeof(raw)) == NX_OK;
    for (size_t i = 0; i < id.len; i++) {
        if (id.ptr[i] <= ' ' || id.ptr[i] > '~')
            return false;
    }
    return id.len >= 1 && id.len <= DSB_ID_TEXT_MAX;
}

void dsb_discovery_refresh(struct dsb_discovery *d, struct dsb_neighbour *n, uint32_t ttl_s,
                           bool is_exact)
{
    uint64_t end_s = dsb_neighbours_end_of(d->now, ttl_s);
    bool was_present = n->is_present;

    if (was_present && !is_exact && n->expires_s > end_s)
        end_s = n->expires_s;
    dsb_neighbours_heard(&d->neighbours, n, d->now, end_s);
    if (!was_present)
        dsb_discovery_tell(d, DSB_DISCOVERY_SEEN, n);
}

/* ---- announcements out ------------------------------------------------------------------------- */

/* After a change of mode or of the offer. */
static void steer_announcer(struct dsb_discovery *d)
{
    bool is_on = d->config.mode == DSB_DISCOVERY_LOOPBACK ||
                 d->config.mode == DSB_DISCOVERY_MULTICAST ||
                 (d->config.mode == DSB_DISCOVERY_QUIET && d->is_offer_open);

    dsb_announcer_set(&d->announcer, d->now, is_on, d->config.mode == DSB_DISCOVERY_LOOPBACK);
}

void dsb_discovery_tick(struct dsb_discovery *d, struct nx_instant now)
{
    dsb_discovery_advance(d, now);
    dsb_announcer_tick(&d->announcer, d->now, &d->self);
    dsb_discovery_say_count(d);
}

struct nx_instant dsb_discovery_deadline(const struct dsb_discovery *d)
{
    return nx_instant_earlier(dsb_neighbours_deadline(&d->neighbours),
                              dsb_announcer_deadline(&d->announcer));
}

bool dsb_discovery_to_sign(const struct dsb_discovery *d, uint8_t message[DSB_BEACON_MESSAGE_MAX],
                           struct nx_bytes *span)
{
    return dsb_announcer_to_sign(&d->announcer, message, span);
}

enum nx_status dsb_discovery_signed(struct dsb_discovery *d,
                                    const uint8_t signature[DSB_BEACON_SIGNATURE_LEN])
{
    return dsb_announcer_signed(&d->announcer, signature);
}

bool dsb_discovery_output(struct dsb_discovery *d, struct nx_address *to, struct nx_bytes *datagram)
{
    return dsb_announcer_output(&d->announcer, to, datagram);
}

/* ---- the owner's verbs -------------------------------------------------------------------------- */

void dsb_discovery_set_mode(struct dsb_discovery *d, struct nx_instant now,
                            enum dsb_discovery_mode mode)
{
    dsb_discovery_advance(d, now);
    d->config.mode = mode;
    steer_announcer(d);
    dsb_discovery_say_count(d);
}

void dsb_discovery_set_offer_open(struct dsb_discovery *d, struct nx_instant now, bool is_open)
{
    bool opens = is_open && !d->is_offer_open;

    dsb_discovery_advance(d, now);
    d->is_offer_open = is_open;
    steer_announcer(d);
    if (opens)
        dsb_announcer_hurry(&d->announcer, d->now);
    dsb_discovery_say_count(d);
}

void dsb_discovery_announce(struct dsb_discovery *d, struct nx_instant now)
{
    dsb_discovery_advance(d, now);
    dsb_announcer_hurry(&d->announcer, d->now);
    dsb_discovery_say_count(d);
}

void dsb_discovery_set_networks(struct dsb_discovery *d, const struct dsb_network *list,
                                size_t count)
{
    dsb_networks_set(&d->networks, list, count);
}

bool dsb_discovery_may_lead_to(const struct dsb_discovery *d, const struct nx_address *address)
{
    for (size_t i = 0; i < d->announcer.config.unicast_count; i++) {
        if (nx_address_same_host(&d->announcer.unicast[i], address))
            return true;
    }
    return dsb_networks_have(&d->networks, address);
}

/* The newest hint that may lead somewhere stays. */
static void keep_one_hint(const struct dsb_discovery *d, struct dsb_neighbour *n)
{
    size_t i = 0;

    while (i < n->candidate_count && !dsb_discovery_may_lead_to(d, &n->candidates[i].address))
        i++;
    if (i < n->candidate_count)
        n->candidates[0] = n->candidates[i];
    n->candidate_count = i < n->candidate_count;
}

static void pin_on(const struct dsb_discovery *d, struct dsb_neighbour *n,
                   const struct dsb_discovery_pin *pin)
{
    memcpy(n->noise_static, pin->noise_static, sizeof(n->noise_static));
    memcpy(n->ed25519_public, pin->ed25519_public, sizeof(n->ed25519_public));
    n->sequence = pin->sequence;
    n->has_key_conflict = false;
    keep_one_hint(d, n);
    nx_bucket_init(&n->known, DSB_DISCOVERY_KNOWN_BURST, DSB_DISCOVERY_KNOWN_PER_SECOND);
    nx_bucket_init(&n->elsewhere, DSB_DISCOVERY_ELSEWHERE_BURST,
                   DSB_DISCOVERY_ELSEWHERE_PER_SECOND);
}

enum nx_status dsb_discovery_pin(struct dsb_discovery *d, struct nx_instant now,
                                 const struct dsb_discovery_pin *pin)
{
    if (!dsb_discovery_id_is_good(d, pin->id) ||
        nx_bytes_equal(pin->id, dsb_neighbour_id(&d->self)))
        return NX_E_INVALID;

    dsb_discovery_advance(d, now);
    struct dsb_neighbour *n = dsb_neighbours_find(&d->neighbours, pin->id);
    if (n != NULL && n->is_paired)
        return NX_E_EXISTS;
    if (n == NULL)
        n = dsb_discovery_add(d, pin->id);
    if (n == NULL)
        return NX_E_NO_MEMORY;

    dsb_neighbours_set_paired(&d->neighbours, n, true);
    pin_on(d, n, pin);
    dsb_discovery_say_count(d);
    return NX_OK;
}

static struct dsb_neighbour *find_paired(struct dsb_discovery *d, struct nx_bytes id)
{
    struct dsb_neighbour *n = dsb_neighbours_find(&d->neighbours, id);

    return n != NULL && n->is_paired ? n : NULL;
}

enum nx_status dsb_discovery_unpin(struct dsb_discovery *d, struct nx_instant now,
                                   struct nx_bytes id)
{
    dsb_discovery_advance(d, now);

    struct dsb_neighbour *n = find_paired(d, id);
    if (n == NULL)
        return NX_E_NOT_FOUND;
    dsb_neighbours_set_paired(&d->neighbours, n, false);
    for (size_t i = 0; i < n->candidate_count; i++)
        n->candidates[i].is_authenticated = false;
    if (!n->is_present)
        dsb_neighbours_remove(&d->neighbours, n);
    return NX_OK;
}

enum nx_status dsb_discovery_authenticated(struct dsb_discovery *d, struct nx_instant now,
                                           struct nx_bytes id, struct nx_address address)
{
    dsb_discovery_advance(d, now);

    struct dsb_neighbour *n = find_paired(d, id);
    if (n == NULL)
        return NX_E_NOT_FOUND;
    n->has_key_conflict = false;
    if (address.family != NX_ADDRESS_NONE)
        (void)dsb_neighbour_add_authenticated(n, address);
    dsb_discovery_refresh(d, n, DSB_DISCOVERY_TTL_S, false);
    dsb_discovery_say_count(d);
    return NX_OK;
}

/* ---- looking ------------------------------------------------------------------------------------ */

size_t dsb_discovery_list(struct dsb_discovery *d, struct nx_instant now, struct nx_bytes after,
                          const struct dsb_neighbour **out, size_t cap)
{
    dsb_discovery_advance(d, now);
    d->self.last_seen = d->now;
    dsb_discovery_say_count(d);
    return dsb_neighbours_list(&d->neighbours, &d->self, after, out, cap);
}

const struct dsb_neighbour *dsb_discovery_find(const struct dsb_discovery *d, struct nx_bytes id)
{
    if (nx_bytes_equal(id, dsb_neighbour_id(&d->self)))
        return &d->self;
    return dsb_neighbours_find(&d->neighbours, id);
}

/* ---- init ---------------------------------------------------------------------------------------- */

/* NULL, or the rule that is broken. */
static const char *broken_rule(const struct dsb_discovery *d)
{
    const struct dsb_discovery_config *c = &d->config;

    if (!dsb_discovery_id_is_good(d, c->beacon.device_id))
        return c->has_text_ids ? "discovery: our id is 1 to 64 characters without spaces"
                               : "discovery: our id is 64 lower-case hex digits";
    if (c->interval_ms < DSB_DISCOVERY_INTERVAL_MIN_MS)
        return "discovery: announcements are at least 100 ms apart";
    if (c->unicast_count > DSB_DISCOVERY_UNICAST_MAX)
        return "discovery: beacons go to at most 16 addresses";
    if (c->stranger_burst < 1 || c->strangers_per_second < 1 ||
        c->strangers_per_second > 1000000000u)
        return "discovery: strangers need a budget";
    if (c->beacon.has_trailer && (uint32_t)c->beacon.sequence != 0)
        return "discovery: the boot counter is the upper half of the sequence";
    return NULL;
}

static enum nx_status check(const struct dsb_discovery *d, struct nx_why *why)
{
    const char *rule = broken_rule(d);

    if (rule != NULL) {
        if (why != NULL)
            nx_why_set(why, rule);
        return NX_E_INVALID;
    }

    uint8_t encoded[DSB_BEACON_MAX];
    struct nx_writer w = nx_writer_over(encoded, sizeof(encoded));
    enum nx_status status = dsb_beacon_encode(&d->config.beacon, &w, why);

    return status == NX_E_LIMIT ? NX_OK : status; /* the announcer makes it fit */
}

/* What the config lends of our own beacon is copied here. */
static void become(struct dsb_discovery *d, const struct dsb_beacon *b)
{
    d->self.is_self = true;
    d->self.is_present = true;
    memcpy(d->self.id, b->device_id.ptr, b->device_id.len);
    d->self.id_len = (uint8_t)b->device_id.len;
    memcpy(d->self.noise_static, b->noise_static, sizeof(d->self.noise_static));
    (void)dsb_neighbour_describe(&d->self, b);
    d->self.last_seen = d->now;
}

static void init_announcer(struct dsb_discovery *d, const struct dsb_discovery_config *config,
                           uint64_t seed)
{
    struct dsb_announcer_config announcer = {
        .has_trailer = config->beacon.has_trailer,
        .boot_count = (uint32_t)(config->beacon.sequence >> 32),
        .ttl_s = config->beacon.ttl_s,
        .interval_ms = config->interval_ms,
        .jitter_ms = config->jitter_ms,
        .unicast = config->unicast,
        .unicast_count = config->unicast_count,
    };

    dsb_announcer_init(&d->announcer, &announcer, seed);
    steer_announcer(d);
}

enum nx_status dsb_discovery_init(struct dsb_discovery *d, struct nx_instant now,
                                  const struct dsb_discovery_config *config,
                                  struct dsb_neighbour *slots, uint32_t slot_count, uint32_t *index,
                                  struct nx_why *why)
{
    uint8_t drawn[NX_SIPHASH_KEY_LEN + 8];

    *d = (struct dsb_discovery){.config = *config, .now = now, .said_count = 1};
    enum nx_status status = check(d, why);
    if (status == NX_OK)
        status = nx_rng_fill(&config->rng, drawn, sizeof(drawn));
    if (status != NX_OK)
        return status;

    struct nx_reader seed = nx_reader_over(nx_bytes_of(drawn + NX_SIPHASH_KEY_LEN, 8));
    dsb_neighbours_init(&d->neighbours, slots, slot_count, index, drawn);
    nx_bucket_init(&d->strangers, config->stranger_burst, config->strangers_per_second);
    nx_bucket_init(&d->verify_known, DSB_DISCOVERY_VERIFY_PER_SECOND,
                   DSB_DISCOVERY_VERIFY_PER_SECOND);
    nx_bucket_init(&d->verify_elsewhere, DSB_DISCOVERY_VERIFY_PER_SECOND,
                   DSB_DISCOVERY_VERIFY_PER_SECOND);
    become(d, &config->beacon);
    init_announcer(d, config, nx_read_u64le(&seed));

    d->config.beacon = (struct dsb_beacon){0}; /* borrowed no longer */
    d->config.unicast = NULL;
    return NX_OK;
}
