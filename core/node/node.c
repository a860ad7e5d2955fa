#include "core/node/node.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/byte_stream.h"
#include "core/bus/msg_stream.h"
#include "core/bus/stream_name.h"
#include "core/crypto/crypto.h"
#include "core/node/node_internal.h"
#include "core/rpc/rpc_stream.h"

enum {
    /* The registry and the list of v1 have one write each under way at a time, and then there is one
     * more. */
    STORE_SLOTS = 3,
    ALIGNMENT = 16,
};

/* ---- memory -------------------------------------------------------------------------------- */

/* The lent memory, cut into the tables of a node. Run over nothing it only adds up. */
struct layout {
    uint8_t *memory; /* NULL: adding up */
    uint64_t size;
};

static void *cut(struct layout *layout, uint64_t count, uint64_t size)
{
    void *at = layout->memory == NULL ? NULL : layout->memory + layout->size;

    layout->size += (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return at;
}

struct tables {
    struct dsb_link *links;
    struct dsb_peer *peers;
    struct dsb_neighbour *neighbours;
    uint32_t *neighbour_index;
    void *store_values;
    void *pools;
};

static uint64_t lay_out(const struct dsb_profile *profile, void *memory, struct tables *tables)
{
    struct layout layout = {.memory = memory};
    uint32_t neighbours = profile->neighbour_count_max;

    tables->links = cut(&layout, profile->link_count_max, sizeof(struct dsb_link));
    tables->peers = cut(&layout, profile->peer_count_max, sizeof(struct dsb_peer));
    tables->neighbours = cut(&layout, neighbours, sizeof(struct dsb_neighbour));
    tables->neighbour_index =
        cut(&layout, dsb_neighbours_index_count(neighbours), sizeof(uint32_t));
    tables->store_values = cut(&layout, STORE_SLOTS, NX_STORE_VALUE_MAX);
    tables->pools = cut(&layout, 1, dsb_pools_size(profile));
    return layout.size;
}

uint64_t dsb_node_memory_size(const struct dsb_profile *profile)
{
    struct tables tables;

    return lay_out(profile, NULL, &tables);
}

/* ---- life ---------------------------------------------------------------------------------- */

static enum nx_status init_discovery(struct dsb_node *n, struct nx_instant now,
                                     const struct tables *tables, struct nx_why *why)
{
    struct dsb_discovery_config config = n->config.discovery;

    config.beacon.device_id = nx_bytes_of_text(n->config.id_text);
    memcpy(config.beacon.noise_static, n->config.device.noise_static,
           sizeof(config.beacon.noise_static));
    config.has_text_ids = n->config.world == DSB_WORLD_SIM;
    config.rng = n->config.rng;
    config.markers = n->config.markers;
    return dsb_discovery_init(&n->discovery, now, &config, tables->neighbours,
                              n->config.profile->neighbour_count_max, tables->neighbour_index, why);
}

static void init_pairing(struct dsb_node *n)
{
    const struct dsb_pairing_config config = {
        .self = n->config.device,
        .rng = n->config.rng,
        .markers = n->config.markers,
        .markers_show_code = n->config.world == DSB_WORLD_SIM,
    };

    dsb_pairing_init(&n->pairing, &config);
}

/* What the parts of a node take for granted of a profile. */
static bool profile_holds(const struct dsb_profile *p)
{
    return dsb_pools_size(p) > 0 && p->link_count_max >= 1 && p->peer_count_max <= DSB_PEERS_MAX &&
           p->neighbour_count_max > p->peer_count_max;
}

static enum nx_status config_holds(const struct dsb_node_config *config, struct nx_why *why)
{
    uint8_t id[DSB_ID_LEN];
    const char *broken = NULL;

    if (dsb_id_of_text(config->world, config->id_text, id) != NX_OK ||
        memcmp(id, config->device.id, sizeof(id)) != 0)
        broken = "the id's text and its bytes do not belong together";
    else if (!profile_holds(config->profile))
        broken = "the profile is over a limit, or has no room for what a node needs";
    else if (config->memory_size < dsb_node_memory_size(config->profile))
        broken = "there is less memory than the profile needs";

    if (broken == NULL)
        return NX_OK;
    if (why != NULL)
        nx_why_set(why, broken);
    return NX_E_INVALID;
}

enum nx_status dsb_node_init(struct dsb_node *n, struct nx_instant now,
                             const struct dsb_node_config *config, struct nx_why *why)
{
    struct tables tables;
    enum nx_status status = config_holds(config, why);

    if (status != NX_OK)
        return status;

    memset(n, 0, sizeof(*n));
    n->config = *config;
    n->registry_status = NX_E_STATE;
    lay_out(config->profile, config->memory, &tables);
    n->links = tables.links;
    n->link_count = config->profile->link_count_max;
    for (uint32_t i = 0; i < n->link_count; i++)
        n->links[i].state = DSB_LINK_FREE;

    NX_CHECK(dsb_pools_init(&n->pools, config->profile, tables.pools,
                            dsb_pools_size(config->profile)) == NX_OK); /* the config holds */
    nx_store_init(&n->store, tables.store_values, NX_STORE_VALUE_MAX, STORE_SLOTS);
    dsb_v1_list_init(&n->v1);
    dsb_registry_init(&n->registry, config->world, tables.peers, config->profile->peer_count_max);
    init_pairing(n);
    return init_discovery(n, now, &tables, why);
}

static void resume_budgets(struct dsb_node *n, struct nx_instant now)
{
    /* What was decoded holds its limits; should pairing still refuse it, it starts with none used
     * rather than not at all, since the registry is a person's own file. */
    (void)!dsb_pairing_import(&n->pairing, now, dsb_registry_budgets(&n->registry));
}

static void pin_peers(struct dsb_node *n, struct nx_instant now)
{
    for (uint32_t i = 0; i < dsb_registry_count(&n->registry); i++) {
        const struct dsb_peer *peer = dsb_registry_at(&n->registry, i);
        struct dsb_discovery_pin pin = {.id = nx_bytes_of_text(peer->id_text)};

        dsb_v1_list_add_native(&n->v1, peer->id);
        memcpy(pin.noise_static, peer->noise_static, sizeof(pin.noise_static));
        memcpy(pin.ed25519_public, peer->ed25519, sizeof(pin.ed25519_public));
        (void)!dsb_discovery_pin(&n->discovery, now, &pin); /* the table has a place for each */
    }
}

_Static_assert(DSB_REGISTRY_NODES_MAX * sizeof(struct nx_json_node) <= DSB_CREDIT_INITIAL &&
                   DSB_V1_NODES_MAX <= DSB_REGISTRY_NODES_MAX,
               "the blocks of any profile hold a stream's credit, and the tree of a full registry");

/* Nothing is in the pool of blocks before links are: the nodes of a JSON tree may lie there for a
 * moment. */
static struct nx_json_node *spare_nodes(struct dsb_node *n)
{
    return (struct nx_json_node *)(void *)n->pools.blocks.memory;
}

enum nx_status dsb_node_load_v1(struct dsb_node *n, enum nx_status loaded, struct nx_bytes text)
{
    if (n->config.world != DSB_WORLD_NET)
        return NX_E_UNSUPPORTED;
    if (n->is_started)
        return NX_E_STATE;
    return dsb_v1_list_load(&n->v1, loaded, text, spare_nodes(n), DSB_V1_NODES_MAX);
}

enum nx_status dsb_node_allow_v1(struct dsb_node *n, const char *id_text)
{
    uint8_t id[DSB_ID_LEN];

    if (n->config.world != DSB_WORLD_NET)
        return NX_E_UNSUPPORTED;
    if (dsb_id_of_text(n->config.world, id_text, id) != NX_OK ||
        memcmp(id, n->config.device.id, sizeof(id)) == 0)
        return NX_E_INVALID;
    if (dsb_registry_find(&n->registry, id) != NULL)
        return NX_E_IDENTITY;
    return dsb_v1_list_allow(&n->v1, id);
}

const struct nx_why *dsb_node_v1_why(const struct dsb_node *n)
{
    return dsb_v1_list_why(&n->v1);
}

enum nx_status dsb_node_start(struct dsb_node *n, struct nx_instant now, enum nx_status loaded,
                              struct nx_bytes text)
{
    if (n->is_started)
        return NX_E_STATE;

    n->registry_status =
        dsb_registry_load(&n->registry, loaded, text, spare_nodes(n), DSB_REGISTRY_NODES_MAX);
    if (n->registry_status == NX_OK) {
        resume_budgets(n, now);
        pin_peers(n, now);
    }
    n->is_started = true;
    if (n->registry_status == NX_OK)
        dsb_node_mark_ready(n, now);
    dsb_node_work(n, now);
    return n->registry_status;
}

void dsb_node_set_wall_s(struct dsb_node *n, uint64_t wall_s)
{
    n->wall_s = wall_s;
}

void dsb_node_shutdown(struct dsb_node *n, struct nx_instant now)
{
    n->is_shut_down = true;
    n->dial_count = 0;
    for (int role = 0; role < DSB_PAIRING_ROLE_COUNT; role++)
        dsb_pairing_cancel(&n->pairing, now, (enum dsb_pairing_role)role, NX_E_ABORTED);
    for (uint32_t i = 0; i < n->link_count; i++) {
        if (n->links[i].state == DSB_LINK_SESSION) /* one that ends already goes on ending */
            (void)!dsb_mux_shutdown(&n->links[i].mux, DSB_GOAWAY_SHUTDOWN, "this node shuts down");
    }
    dsb_node_work(n, now);
}

bool dsb_node_is_idle(const struct dsb_node *n)
{
    for (uint32_t i = 0; i < n->link_count; i++) {
        if (n->links[i].state != DSB_LINK_FREE)
            return false;
    }
    return nx_store_is_idle(&n->store);
}

void dsb_node_wipe(struct dsb_node *n)
{
    for (uint32_t i = 0; i < n->link_count; i++)
        dsb_link_wipe(&n->links[i]);
    dsb_pairing_wipe(&n->pairing);
    nx_crypto_wipe(&n->config, sizeof(n->config));
    n->link_count = 0;
}

enum nx_status dsb_node_over(struct dsb_node *n, const char *what, uint64_t limit, uint64_t asked)
{
    nx_why_limit(&n->why, what, limit, asked);
    return NX_E_LIMIT;
}

const struct nx_why *dsb_node_why(const struct dsb_node *n)
{
    return &n->why;
}

const struct nx_why *dsb_node_registry_why(const struct dsb_node *n)
{
    return dsb_registry_why(&n->registry);
}

/* ---- time, store, datagrams ---------------------------------------------------------------- */

void dsb_node_tick(struct dsb_node *n, struct nx_instant now)
{
    dsb_discovery_tick(&n->discovery, now);
    dsb_pairing_tick(&n->pairing, now);
    dsb_v1_list_tick(&n->v1, now);
    for (uint32_t i = 0; i < n->link_count; i++) {
        if (n->links[i].state == DSB_LINK_SESSION)
            dsb_mux_tick(&n->links[i].mux, now);
    }
    dsb_node_work(n, now);
}

struct nx_instant dsb_node_deadline(const struct dsb_node *n)
{
    struct nx_instant deadline = nx_instant_earlier(dsb_discovery_deadline(&n->discovery),
                                                    dsb_pairing_deadline(&n->pairing));

    deadline = nx_instant_earlier(deadline, dsb_v1_list_deadline(&n->v1));
    for (uint32_t i = 0; i < n->link_count; i++) {
        if (n->links[i].state == DSB_LINK_SESSION)
            deadline = nx_instant_earlier(deadline, dsb_mux_deadline(&n->links[i].mux));
    }
    return deadline;
}

struct nx_store *dsb_node_store(struct dsb_node *n)
{
    return &n->store;
}

void dsb_node_stored(struct dsb_node *n, struct nx_instant now)
{
    dsb_node_work(n, now);
}

enum nx_status dsb_node_datagram_input(struct dsb_node *n, struct nx_instant now,
                                       struct nx_address from, struct nx_bytes datagram)
{
    return dsb_discovery_input(&n->discovery, now, from, datagram);
}

bool dsb_node_datagram_output(struct dsb_node *n, struct nx_address *to, struct nx_bytes *datagram)
{
    return dsb_discovery_output(&n->discovery, to, datagram);
}

bool dsb_node_to_sign(const struct dsb_node *n, uint8_t message[DSB_BEACON_MESSAGE_MAX],
                      struct nx_bytes *span)
{
    return dsb_discovery_to_sign(&n->discovery, message, span);
}

enum nx_status dsb_node_signed(struct dsb_node *n,
                               const uint8_t signature[DSB_BEACON_SIGNATURE_LEN])
{
    return dsb_discovery_signed(&n->discovery, signature);
}

void dsb_node_announce(struct dsb_node *n, struct nx_instant now)
{
    dsb_discovery_announce(&n->discovery, now);
}

enum dsb_discovery_mode dsb_node_discovery_mode(const struct dsb_node *n)
{
    return n->discovery.config.mode;
}

void dsb_node_set_discovery_mode(struct dsb_node *n, struct nx_instant now,
                                 enum dsb_discovery_mode mode)
{
    dsb_discovery_set_mode(&n->discovery, now, mode);
}

/* ---- verbs --------------------------------------------------------------------------------- */

/* The device that a person names, for pairing. */
static enum nx_status named_peer(const struct dsb_node *n, const char *id_text,
                                 struct dsb_pairing_peer *peer)
{
    if (n->is_shut_down)
        return NX_E_CLOSED;
    if (n->registry_status != NX_OK)
        return NX_E_STATE;
    *peer = (struct dsb_pairing_peer){0};
    if (dsb_id_of_text(n->config.world, id_text, peer->id) != NX_OK)
        return NX_E_INVALID;

    struct nx_text t = nx_text_over(peer->id_text, sizeof(peer->id_text));
    nx_text_add(&t, id_text);
    return NX_OK;
}

enum nx_status dsb_node_pair_offer(struct dsb_node *n, struct nx_instant now, const char *id_text,
                                   char code[DSB_PAIRING_CODE_LEN + 1])
{
    struct dsb_pairing_peer peer;
    enum nx_status status = named_peer(n, id_text, &peer);

    if (status == NX_OK)
        status = dsb_pairing_offer(&n->pairing, now, &peer, code);
    dsb_node_work(n, now);
    return status;
}

enum nx_status dsb_node_pair_accept(struct dsb_node *n, struct nx_instant now, const char *id_text,
                                    struct nx_bytes code)
{
    struct dsb_pairing_peer peer;
    enum nx_status status = named_peer(n, id_text, &peer);

    if (status == NX_OK)
        status = dsb_pairing_accept(&n->pairing, now, &peer, code);
    if (status == NX_OK)
        n->pair_dial_given = false;
    dsb_node_work(n, now);
    return status;
}

void dsb_node_pair_cancel(struct dsb_node *n, struct nx_instant now, enum dsb_pairing_role role)
{
    dsb_pairing_cancel(&n->pairing, now, role, NX_E_ABORTED);
    dsb_node_work(n, now);
}

enum nx_status dsb_node_unpair(struct dsb_node *n, struct nx_instant now, const char *id_text)
{
    if (n->registry_status != NX_OK)
        return NX_E_STATE;

    uint8_t id[DSB_ID_LEN];
    if (dsb_id_of_text(n->config.world, id_text, id) != NX_OK)
        return NX_E_NOT_FOUND;
    dsb_pairing_unpair(&n->pairing, now, id);

    enum nx_status status = dsb_registry_remove(&n->registry, id_text);
    dsb_node_work(n, now);
    if (status == NX_E_BUSY)
        return dsb_node_over(n, "changes of one device under way", 1, 2);
    if (status == NX_WOULD_BLOCK)
        return dsb_node_over(n, "changes of the registry under way", DSB_REGISTRY_CHANGES_MAX,
                             DSB_REGISTRY_CHANGES_MAX + 1);
    return status;
}

enum nx_status dsb_node_connect(struct dsb_node *n, const char *id_text)
{
    if (n->is_shut_down)
        return NX_E_CLOSED;
    if (dsb_registry_find_text(&n->registry, id_text) == NULL)
        return NX_E_NOT_FOUND;
    if (dsb_node_session(n, id_text) != NULL)
        return NX_OK;
    if (!dsb_node_ask_to_dial(n, id_text))
        return dsb_node_over(n, "sessions asked for", DSB_NODE_DIALS_MAX, DSB_NODE_DIALS_MAX + 1);
    return NX_OK;
}

struct dsb_mux *dsb_node_session(struct dsb_node *n, const char *id_text)
{
    struct dsb_link *link = dsb_node_session_link(n, id_text);

    return link == NULL ? NULL : &link->mux;
}

void dsb_node_mark_ready(struct dsb_node *n, struct nx_instant now)
{
    nx_marker_emit(n->config.markers, now, nx_bytes_of_text("dsoftbusd: ready"));
}

void dsb_node_mark_open(struct dsb_node *n, struct nx_instant now, const char *id_text,
                        struct nx_bytes stream_name)
{
    char line[NX_MARKER_LINE_MAX];
    struct nx_text t = nx_text_over(line, sizeof(line));
    struct nx_bytes channel;

    if (dsb_stream_name_split(stream_name, DSB_MSG_PREFIX, &channel))
        nx_text_add(&t, "dsoftbus: msg open peer=");
    else if (dsb_stream_name_split(stream_name, DSB_BYTE_PREFIX, &channel))
        nx_text_add(&t, "dsoftbus: byte open peer=");
    else if (dsb_stream_name_split(stream_name, DSB_RPC_PREFIX, &channel))
        nx_text_add(&t, "dsoftbus: rpc open peer=");
    else
        return;

    char shown[DSB_STREAM_NAME_MAX + 1]; /* a peer chose the name: it may not break the line */
    nx_text_for_show(channel, shown, sizeof(shown));
    nx_text_add(&t, id_text);
    nx_text_add(&t, " ch=");
    nx_text_add(&t, shown);
    nx_marker_emit(n->config.markers, now, nx_bytes_of(line, t.len));
}

enum nx_status dsb_node_accept(struct dsb_node *n, struct nx_instant now, struct dsb_mux *mux,
                               struct dsb_stream_handle stream)
{
    const struct dsb_stream *s = dsb_mux_stream(mux, stream);
    struct nx_bytes channel;

    if (s == NULL)
        return NX_E_CLOSED;

    struct nx_bytes name = nx_bytes_of(s->name, s->name_len);
    bool is_bytes = dsb_stream_name_split(name, DSB_BYTE_PREFIX, &channel);
    bool is_calls = dsb_stream_name_split(name, DSB_RPC_PREFIX, &channel);
    uint8_t priority = is_calls   ? DSB_RPC_PRIORITY
                       : is_bytes ? DSB_BYTE_PRIORITY
                                  : DSB_MSG_PRIORITY;
    enum nx_status status = dsb_mux_accept(mux, stream, !is_bytes, priority);
    if (status != NX_OK)
        return status;

    for (uint32_t i = 0; i < n->link_count; i++) {
        if (n->links[i].state == DSB_LINK_SESSION && &n->links[i].mux == mux)
            dsb_node_mark_open(n, now, n->links[i].info.id_text, name);
    }
    return NX_OK;
}
