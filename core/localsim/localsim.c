#include "core/localsim/localsim.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"

static const char *const ids[DSB_LOCALSIM_SIDES] = {DSB_LOCALSIM_SELF_ID, DSB_LOCALSIM_PEER_ID};

/* ---- life ---------------------------------------------------------------------------------- */

uint64_t dsb_localsim_memory_size(const struct dsb_profile *profile)
{
    return DSB_LOCALSIM_SIDES * dsb_node_memory_size(profile);
}

/* Keys out of the seeded generator: 32 bytes each, and no curve behind them, since nothing is
 * encrypted here. */
static void make_device(const struct dsb_localsim *sim, enum dsb_localsim_side side,
                        struct dsb_pairing_device *device)
{
    struct nx_prng prng;
    struct nx_rng rng = nx_prng_as_rng(&prng); /* which never runs dry */

    nx_prng_init(&prng, sim->seed, side == DSB_LOCALSIM_SELF ? "keys self" : "keys peer");
    NX_CHECK(dsb_id_of_text(DSB_WORLD_SIM, ids[side], device->id) == NX_OK);
    NX_CHECK(nx_rng_fill(&rng, device->ed25519, sizeof(device->ed25519)) == NX_OK);
    NX_CHECK(nx_rng_fill(&rng, device->noise_static, sizeof(device->noise_static)) == NX_OK);
}

static enum nx_status init_node(struct dsb_localsim *sim, struct nx_instant now,
                                enum dsb_localsim_side side, const struct dsb_profile *profile,
                                struct nx_markers *markers, uint8_t *memory)
{
    uint64_t node_size = dsb_node_memory_size(profile);
    struct dsb_node_config config = {
        .profile = profile,
        .world = DSB_WORLD_SIM,
        .id_text = ids[side],
        .discovery = dsb_discovery_config_default(),
        .rng = nx_prng_as_rng(&sim->prng[side]),
        .markers = side == DSB_LOCALSIM_SELF ? markers : NULL,
        .memory = memory + (uint64_t)side * node_size,
        .memory_size = node_size,
    };

    nx_prng_init(&sim->prng[side], sim->seed, side == DSB_LOCALSIM_SELF ? "self" : "peer");
    make_device(sim, side, &config.device);
    return dsb_node_init(&sim->nodes[side], now, &config, NULL);
}

enum nx_status dsb_localsim_init(struct dsb_localsim *sim, struct nx_instant now, uint64_t seed,
                                 const struct dsb_profile *profile, struct nx_markers *markers,
                                 void *memory, uint64_t memory_size)
{
    if (memory_size < dsb_localsim_memory_size(profile))
        return NX_E_INVALID;

    memset(sim, 0, sizeof(*sim));
    sim->seed = seed;
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        enum nx_status status =
            init_node(sim, now, (enum dsb_localsim_side)side, profile, markers, memory);

        if (status != NX_OK)
            return status;
    }
    return NX_OK;
}

void dsb_localsim_wipe(struct dsb_localsim *sim)
{
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++)
        dsb_node_wipe(&sim->nodes[side]);
    nx_crypto_wipe(sim, sizeof(*sim));
}

/* ---- beacons ------------------------------------------------------------------------------- */

static bool carry_beacons(struct dsb_localsim *sim, struct nx_instant now, int from)
{
    const struct nx_address in_memory = {.family = NX_ADDRESS_NONE};
    struct nx_address to;
    struct nx_bytes datagram;
    bool moved = false;

    while (dsb_node_datagram_output(&sim->nodes[from], &to, &datagram)) {
        /* The air carries it to everyone, its sender too. */
        for (int side = 0; side < DSB_LOCALSIM_SIDES; side++)
            (void)dsb_node_datagram_input(&sim->nodes[side], now, in_memory, datagram);
        moved = true;
    }
    return moved;
}

/* ---- admission ----------------------------------------------------------------------------- */

/* h for a pairing here: a hash over "localsim", both ids and the seed (docs/contracts/pairing.md). */
static void channel_of(const struct dsb_localsim *sim, int initiator,
                       uint8_t channel[DSB_PAIRING_CHANNEL_LEN])
{
    uint8_t seed[8];
    struct nx_writer w = nx_writer_over(seed, sizeof(seed));
    struct nx_sha256 h;

    nx_write_u64le(&w, sim->seed);
    nx_crypto_sha256_init(&h);
    nx_crypto_sha256_add(&h, nx_bytes_of_text("localsim"));
    nx_crypto_sha256_add(&h, nx_bytes_of(sim->nodes[initiator].config.device.id, DSB_ID_LEN));
    nx_crypto_sha256_add(&h, nx_bytes_of(sim->nodes[1 - initiator].config.device.id, DSB_ID_LEN));
    nx_crypto_sha256_add(&h, nx_writer_bytes(&w));
    nx_crypto_sha256_end(&h, channel);
}

static struct dsb_link_info info_for(const struct dsb_localsim *sim, int side, int initiator,
                                     enum dsb_link_purpose purpose)
{
    struct dsb_link_info info = {
        .purpose = purpose,
        .is_initiator = side == initiator,
        .device = sim->nodes[1 - side].config.device,
    };
    struct nx_text t = nx_text_over(info.id_text, sizeof(info.id_text));

    nx_text_add(&t, ids[1 - side]);
    channel_of(sim, initiator, info.channel);
    return info;
}

/* Both sides have to know each other for a session, as in docs/contracts/wire.md §2. */
static enum nx_status admits(const struct dsb_localsim *sim, int initiator,
                             enum dsb_link_purpose purpose)
{
    if (purpose == DSB_LINK_TO_PAIR)
        return dsb_pairing_admits(&sim->nodes[1 - initiator].pairing,
                                  sim->nodes[1 - initiator].pairing.latest, DSB_PAIRING_OWNER,
                                  sim->nodes[initiator].config.device.id);

    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        enum nx_status known =
            dsb_node_knows(&sim->nodes[side], &sim->nodes[1 - side].config.device);

        if (known != NX_OK)
            return known == NX_E_NOT_FOUND ? NX_E_DENIED : known;
    }
    return NX_OK;
}

static struct dsb_localsim_wire *free_wire(struct dsb_localsim *sim)
{
    for (size_t i = 0; i < DSB_LOCALSIM_WIRES; i++) {
        if (!sim->wires[i].is_up)
            return &sim->wires[i];
    }
    return NULL;
}

static enum nx_status join(struct dsb_localsim *sim, struct nx_instant now, int initiator,
                           enum dsb_link_purpose purpose)
{
    struct dsb_localsim_wire *wire = free_wire(sim);
    enum nx_status status = wire == NULL ? NX_E_LIMIT : admits(sim, initiator, purpose);
    int sides[DSB_LOCALSIM_SIDES] = {1 - initiator, initiator}; /* who is dialled hears first */

    if (status != NX_OK)
        return status;

    *wire = (struct dsb_localsim_wire){0};
    for (int i = 0; i < DSB_LOCALSIM_SIDES; i++) {
        struct dsb_link_info info = info_for(sim, sides[i], initiator, purpose);

        status = dsb_node_link_up(&sim->nodes[sides[i]], now, &info, &wire->link[sides[i]]);
        if (status != NX_OK) {
            if (i > 0)
                dsb_node_link_down(&sim->nodes[sides[0]], now, wire->link[sides[0]]);
            return status;
        }
    }
    wire->is_up = true;
    return NX_OK;
}

static bool answer_dials(struct dsb_localsim *sim, struct nx_instant now, int side)
{
    struct dsb_node_dial dial;
    bool moved = false;

    while (dsb_node_dial(&sim->nodes[side], &dial)) {
        bool is_there =
            nx_bytes_equal(nx_bytes_of_text(dial.id_text), nx_bytes_of_text(ids[1 - side]));
        enum nx_status status = is_there ? join(sim, now, side, dial.purpose) : NX_E_NOT_FOUND;

        if (status != NX_OK)
            dsb_node_dial_failed(&sim->nodes[side], now, &dial, status);
        moved = true;
    }
    return moved;
}

/* ---- wires --------------------------------------------------------------------------------- */

/* One record from one side to the other. What the receiver makes of it is its own business: a breach
 * ends its session, and the GOAWAY for it travels the other way. */
static bool carry_record(struct dsb_localsim *sim, struct nx_instant now,
                         const struct dsb_localsim_wire *wire, int from)
{
    struct nx_writer out = nx_writer_over(sim->record, sizeof(sim->record));
    size_t used;

    if (!dsb_node_link_output(&sim->nodes[from], wire->link[from], &out))
        return false;
    sim->carried_bytes += out.len;
    (void)!dsb_node_link_input(&sim->nodes[1 - from], now, wire->link[1 - from],
                               nx_writer_bytes(&out), &used);
    return true;
}

static void take_down(struct dsb_localsim *sim, struct nx_instant now,
                      struct dsb_localsim_wire *wire)
{
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++)
        dsb_node_link_down(&sim->nodes[side], now, wire->link[side]);
    wire->is_up = false;
}

static bool drive_wire(struct dsb_localsim *sim, struct nx_instant now,
                       struct dsb_localsim_wire *wire)
{
    bool moved = carry_record(sim, now, wire, DSB_LOCALSIM_SELF);
    moved = carry_record(sim, now, wire, DSB_LOCALSIM_PEER) || moved;

    /* One side is through with it and everything it said has been carried: the other sees it go. */
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        if (wire->is_up && !moved && dsb_node_link_is_over(&sim->nodes[side], wire->link[side])) {
            take_down(sim, now, wire);
            moved = true;
        }
    }
    return moved;
}

bool dsb_localsim_step(struct dsb_localsim *sim, struct nx_instant now)
{
    bool moved = false;

    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        dsb_node_tick(&sim->nodes[side], now);
        moved = carry_beacons(sim, now, side) || moved;
        moved = answer_dials(sim, now, side) || moved;
    }
    for (size_t i = 0; i < DSB_LOCALSIM_WIRES; i++) {
        if (sim->wires[i].is_up)
            moved = drive_wire(sim, now, &sim->wires[i]) || moved;
    }
    return moved;
}

struct nx_instant dsb_localsim_deadline(const struct dsb_localsim *sim)
{
    return nx_instant_earlier(dsb_node_deadline(&sim->nodes[DSB_LOCALSIM_SELF]),
                              dsb_node_deadline(&sim->nodes[DSB_LOCALSIM_PEER]));
}

void dsb_localsim_cut(struct dsb_localsim *sim, struct nx_instant now)
{
    for (size_t i = 0; i < DSB_LOCALSIM_WIRES; i++) {
        if (sim->wires[i].is_up)
            take_down(sim, now, &sim->wires[i]);
    }
}
