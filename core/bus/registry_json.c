#include "core/bus/registry_json.h"

#include "core/base/hex.h"
#include "core/base/json_writer.h"
#include "core/base/text.h"

#define FORMAT "nexusnet registry"

static const char *world_name(enum dsb_world world)
{
    return world == DSB_WORLD_SIM ? "sim" : "net";
}

/* ---- writing ------------------------------------------------------------------------------- */

static void put_text(struct nx_json_writer *w, const char *key, const char *text)
{
    nx_json_key(w, key);
    nx_json_put_text(w, text);
}

static void put_u64(struct nx_json_writer *w, const char *key, uint64_t value)
{
    nx_json_key(w, key);
    nx_json_put_u64(w, value);
}

/* Ids and keys: 32 bytes each. */
static void put_hex(struct nx_json_writer *w, const char *key, const uint8_t bytes[32])
{
    char text[2 * 32 + 1];

    nx_hex_encode(nx_bytes_of(bytes, 32), text);
    put_text(w, key, text);
}

static void put_peer(struct nx_json_writer *w, const struct dsb_peer *peer)
{
    nx_json_begin_object(w);
    put_text(w, "id", peer->id_text);
    put_hex(w, "ed25519", peer->ed25519);
    put_hex(w, "noise", peer->noise_static);
    put_text(w, "name", peer->name);
    put_u64(w, "paired_at_s", peer->paired_at_s);
    nx_json_end_object(w);
}

static int compare_ids(const char *a, const char *b)
{
    return nx_bytes_compare(nx_bytes_of_text(a), nx_bytes_of_text(b));
}

/* The table as it will be: what the edit adds goes out in its place in the order. */
static void put_peers(struct nx_json_writer *w, const struct dsb_peers *peers,
                      const struct dsb_peers_edit *edit)
{
    const struct dsb_peer *added = edit->added;

    nx_json_key(w, "peers");
    nx_json_begin_array(w);
    for (uint32_t i = 0; i < peers->count; i++) {
        const struct dsb_peer *peer = &peers->at[i];
        int order = added == NULL ? 1 : compare_ids(added->id_text, peer->id_text);

        if (edit->removed_id_text != NULL && compare_ids(edit->removed_id_text, peer->id_text) == 0)
            continue;
        if (order <= 0) {
            put_peer(w, added);
            added = NULL;
        }
        if (order != 0)
            put_peer(w, peer);
    }
    if (added != NULL)
        put_peer(w, added);
    nx_json_end_array(w);
}

static void put_waits(struct nx_json_writer *w, const char *key,
                      const uint32_t waits_ms[DSB_PAIRING_SLOTS])
{
    nx_json_key(w, key);
    nx_json_begin_array(w);
    for (uint32_t i = 0; i < DSB_PAIRING_SLOTS; i++) {
        if (waits_ms[i] != 0)
            nx_json_put_u64(w, waits_ms[i]);
    }
    nx_json_end_array(w);
}

static void put_suspects(struct nx_json_writer *w, const struct dsb_pairing_budget_saved *b)
{
    NX_CHECK(b->suspect_count <= DSB_PAIRING_SUSPECTS_MAX);

    nx_json_key(w, "suspects");
    nx_json_begin_array(w);
    for (uint32_t i = 0; i < b->suspect_count; i++) {
        nx_json_begin_object(w);
        put_hex(w, "id", b->suspects[i].id);
        put_u64(w, "failed", b->suspects[i].failed_count);
        put_u64(w, "wait_ms", b->suspects[i].wait_ms);
        nx_json_end_object(w);
    }
    nx_json_end_array(w);
}

static void put_budgets(struct nx_json_writer *w, const struct dsb_pairing_saved *saved)
{
    nx_json_key(w, "budgets");
    nx_json_begin_object(w);
    put_waits(w, "accepts_ms", saved->budget.act_ms[DSB_PAIRING_ACT_ACCEPT]);
    put_waits(w, "offers_ms", saved->budget.act_ms[DSB_PAIRING_ACT_OFFER]);
    put_waits(w, "failed_ms", saved->budget.failed_ms);
    put_u64(w, "failed_total", saved->budget.failed_total);
    put_u64(w, "spent_ms", saved->spent_ms);
    put_suspects(w, &saved->budget);
    nx_json_end_object(w);
}

enum nx_status dsb_registry_encode(enum dsb_world world, const struct dsb_peers *peers,
                                   const struct dsb_peers_edit *edit,
                                   const struct dsb_pairing_saved *budgets, struct nx_writer *out)
{
    struct nx_writer text = *out; /* what does not fit leaves `out` alone */
    struct nx_json_writer w = nx_json_writer_over(&text);

    nx_json_begin_object(&w);
    put_text(&w, "format", FORMAT);
    put_u64(&w, "version", DSB_REGISTRY_VERSION);
    put_text(&w, "world", world_name(world));
    put_peers(&w, peers, edit);
    put_budgets(&w, budgets);
    nx_json_end_object(&w);

    enum nx_status status = nx_json_writer_finish(&w);
    if (status != NX_OK)
        return status;
    nx_write_u8(&text, '\n');
    if (text.overflow)
        return NX_E_LIMIT;
    *out = text;
    return NX_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What a text of a newer version may cost before its version has been seen; this version's own
 * bounds are checked member by member. */
static const struct nx_json_limits json_limits = {
    .length_max = NX_STORE_VALUE_MAX,
    .depth_max = NX_JSON_DEPTH_MAX,
    .string_max = NX_STORE_VALUE_MAX,
    .member_count_max = 64,
};

static enum nx_status refuse(struct nx_why *why, enum nx_status status, const char *what)
{
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    nx_text_add(&t, "registry: ");
    nx_text_add(&t, what);
    return status;
}

static enum nx_status damaged(struct nx_why *why, const char *what)
{
    return refuse(why, NX_E_MALFORMED, what);
}

/* Exactly these members, in any order; that none comes twice the parser has seen to. */
static bool has_members(const struct nx_json *json, uint32_t object, const char *const *names,
                        uint32_t count)
{
    if (nx_json_type_of(json, object) != NX_JSON_OBJECT || nx_json_count(json, object) != count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (nx_json_find(json, object, names[i]) == NX_JSON_NONE)
            return false;
    }
    return true;
}

static enum nx_status get_u32(const struct nx_json *json, uint32_t node, uint32_t *out)
{
    uint64_t value = 0;

    if (nx_json_get_u64(json, node, &value) != NX_OK || value > UINT32_MAX)
        return NX_E_MALFORMED;
    *out = (uint32_t)value;
    return NX_OK;
}

static enum nx_status get_hex(const struct nx_json *json, uint32_t node, uint8_t out[32])
{
    char text[2 * 32 + 1];

    if (nx_json_get_text(json, node, text, sizeof(text)) != NX_OK)
        return NX_E_MALFORMED;
    return nx_hex_decode(nx_bytes_of_text(text), out, 32);
}

static enum nx_status read_peer(const struct nx_json *json, uint32_t node, enum dsb_world world,
                                struct dsb_peer *peer, struct nx_why *why)
{
    static const char *const members[] = {"id", "ed25519", "noise", "name", "paired_at_s"};

    if (!has_members(json, node, members, NX_COUNT_OF(members)))
        return damaged(why, "a peer lacks a field or has one that is not known");

    *peer = (struct dsb_peer){.paired_at_s = 0};
    uint32_t id = nx_json_find(json, node, "id");
    uint32_t name = nx_json_find(json, node, "name");
    uint32_t paired_at = nx_json_find(json, node, "paired_at_s");

    if (nx_json_get_text(json, id, peer->id_text, sizeof(peer->id_text)) != NX_OK ||
        dsb_id_of_text(world, peer->id_text, peer->id) != NX_OK)
        return damaged(why, "an id is none of this world");
    if (get_hex(json, nx_json_find(json, node, "ed25519"), peer->ed25519) != NX_OK ||
        get_hex(json, nx_json_find(json, node, "noise"), peer->noise_static) != NX_OK)
        return damaged(why, "a key is not 64 hex digits");
    if (nx_json_get_u64(json, paired_at, &peer->paired_at_s) != NX_OK)
        return damaged(why, "a time is no whole number");

    enum nx_status status = nx_json_get_text(json, name, peer->name, sizeof(peer->name));
    if (status == NX_E_LIMIT)
        nx_why_limit(why, "registry: bytes of a name", DSB_DISPLAY_NAME_MAX,
                     json->nodes[name].size);
    if (status != NX_OK)
        return status == NX_E_LIMIT ? status : damaged(why, "a name is no text");
    if (!dsb_peer_is_valid(peer, world))
        return damaged(why, "an id is not its key's, or a name cannot be shown");
    return NX_OK;
}

static enum nx_status read_peers(const struct nx_json *json, uint32_t array, enum dsb_world world,
                                 struct dsb_peers *peers, struct nx_why *why)
{
    if (nx_json_type_of(json, array) != NX_JSON_ARRAY)
        return damaged(why, "peers is no list");
    if (nx_json_count(json, array) > peers->cap) {
        nx_why_limit(why, "registry: peers", peers->cap, nx_json_count(json, array));
        return NX_E_LIMIT;
    }

    for (uint32_t node = nx_json_first(json, array); node != NX_JSON_NONE;
         node = nx_json_next(json, node)) {
        struct dsb_peer peer;
        enum nx_status status = read_peer(json, node, world, &peer, why);

        if (status != NX_OK)
            return status;
        if (dsb_peers_add(peers, &peer) != NX_OK)
            return damaged(why, "a peer stands there twice");
    }
    return NX_OK;
}

static enum nx_status read_waits(const struct nx_json *json, uint32_t array,
                                 uint32_t waits_ms[DSB_PAIRING_SLOTS], struct nx_why *why)
{
    uint32_t count = 0;

    if (nx_json_type_of(json, array) != NX_JSON_ARRAY)
        return damaged(why, "a budget is no list");
    if (nx_json_count(json, array) > DSB_PAIRING_SLOTS) {
        nx_why_limit(why, "registry: acts of a budget", DSB_PAIRING_SLOTS,
                     nx_json_count(json, array));
        return NX_E_LIMIT;
    }
    for (uint32_t node = nx_json_first(json, array); node != NX_JSON_NONE;
         node = nx_json_next(json, node)) {
        if (get_u32(json, node, &waits_ms[count++]) != NX_OK)
            return damaged(why, "a wait is no whole number of 32 bits");
    }
    return NX_OK;
}

static enum nx_status read_suspects(const struct nx_json *json, uint32_t array,
                                    struct dsb_pairing_budget_saved *b, struct nx_why *why)
{
    static const char *const members[] = {"id", "failed", "wait_ms"};

    if (nx_json_type_of(json, array) != NX_JSON_ARRAY)
        return damaged(why, "suspects is no list");
    if (nx_json_count(json, array) > DSB_PAIRING_SUSPECTS_MAX) {
        nx_why_limit(why, "registry: suspects", DSB_PAIRING_SUSPECTS_MAX,
                     nx_json_count(json, array));
        return NX_E_LIMIT;
    }

    for (uint32_t node = nx_json_first(json, array); node != NX_JSON_NONE;
         node = nx_json_next(json, node)) {
        uint32_t index = b->suspect_count++;

        if (!has_members(json, node, members, NX_COUNT_OF(members)))
            return damaged(why, "a suspect lacks a field or has one that is not known");
        if (get_hex(json, nx_json_find(json, node, "id"), b->suspects[index].id) != NX_OK ||
            get_u32(json, nx_json_find(json, node, "failed"), &b->suspects[index].failed_count) !=
                NX_OK ||
            get_u32(json, nx_json_find(json, node, "wait_ms"), &b->suspects[index].wait_ms) !=
                NX_OK)
            return damaged(why, "a suspect is no id and two numbers of 32 bits");
    }
    return NX_OK;
}

/* What pairing would not resume from is damage, and has to be known before it is too late. */
static bool can_be_resumed(const struct dsb_pairing_saved *saved)
{
    const struct nx_instant now = {0};
    struct dsb_pairing_budget budget;

    return saved->spent_ms <= DSB_PAIRING_CODE_LIFE_S * 1000u &&
           dsb_pairing_budget_import(&budget, now, &saved->budget) == NX_OK;
}

static enum nx_status read_budgets(const struct nx_json *json, uint32_t node,
                                   struct dsb_pairing_saved *saved, struct nx_why *why)
{
    static const char *const members[] = {"accepts_ms",   "offers_ms", "failed_ms",
                                          "failed_total", "spent_ms",  "suspects"};
    struct dsb_pairing_budget_saved *b = &saved->budget;
    const struct {
        const char *name;
        uint32_t *waits_ms;
    } lists[] = {
        {"accepts_ms", b->act_ms[DSB_PAIRING_ACT_ACCEPT]},
        {"offers_ms", b->act_ms[DSB_PAIRING_ACT_OFFER]},
        {"failed_ms", b->failed_ms},
    };

    if (!has_members(json, node, members, NX_COUNT_OF(members)))
        return damaged(why, "budgets lacks a field or has one that is not known");
    for (size_t i = 0; i < NX_COUNT_OF(lists); i++) {
        enum nx_status status =
            read_waits(json, nx_json_find(json, node, lists[i].name), lists[i].waits_ms, why);

        if (status != NX_OK)
            return status;
    }
    if (get_u32(json, nx_json_find(json, node, "failed_total"), &b->failed_total) != NX_OK ||
        get_u32(json, nx_json_find(json, node, "spent_ms"), &saved->spent_ms) != NX_OK)
        return damaged(why, "a total is no whole number of 32 bits");

    enum nx_status status = read_suspects(json, nx_json_find(json, node, "suspects"), b, why);
    if (status != NX_OK)
        return status;
    return can_be_resumed(saved) ? NX_OK : damaged(why, "no budget can look like that");
}

static bool is_text(const struct nx_json *json, uint32_t node, const char *want)
{
    char text[24];

    return nx_json_get_text(json, node, text, sizeof(text)) == NX_OK &&
           nx_bytes_equal(nx_bytes_of_text(text), nx_bytes_of_text(want));
}

/* The version comes first: of a newer text nothing else is judged. */
static enum nx_status check_head(const struct nx_json *json, enum dsb_world world,
                                 struct nx_why *why)
{
    static const char *const members[] = {"format", "version", "world", "peers", "budgets"};
    enum dsb_world other = world == DSB_WORLD_SIM ? DSB_WORLD_NET : DSB_WORLD_SIM;
    uint64_t version = 0;

    if (!is_text(json, nx_json_find(json, 0, "format"), FORMAT))
        return damaged(why, "its format is not \"" FORMAT "\"");
    if (nx_json_get_u64(json, nx_json_find(json, 0, "version"), &version) != NX_OK || version == 0)
        return damaged(why, "its version is no whole number from 1");
    if (version > DSB_REGISTRY_VERSION)
        return refuse(why, NX_E_VERSION, "a newer version of this program wrote it");
    if (!has_members(json, 0, members, NX_COUNT_OF(members)))
        return damaged(why, "it lacks a field or has one that is not known");

    uint32_t named = nx_json_find(json, 0, "world");
    if (is_text(json, named, world_name(other)))
        return refuse(why, NX_E_DENIED,
                      other == DSB_WORLD_SIM ? "it belongs to localSim, and this node does not"
                                             : "it belongs to a real node, and this is localSim");
    return is_text(json, named, world_name(world)) ? NX_OK : damaged(why, "its world is not known");
}

enum nx_status dsb_registry_decode(enum dsb_world world, struct nx_bytes text,
                                   struct nx_json_node *nodes, uint32_t node_cap,
                                   struct dsb_peers *peers, struct dsb_pairing_saved *budgets,
                                   struct nx_why *why)
{
    NX_CHECK(peers->count == 0);

    struct nx_json json;
    struct dsb_pairing_saved read = {.spent_ms = 0};
    enum nx_status status = nx_json_parse(&json, text, nodes, node_cap, &json_limits, why);

    if (status == NX_OK)
        status = check_head(&json, world, why);
    if (status == NX_OK)
        status = read_peers(&json, nx_json_find(&json, 0, "peers"), world, peers, why);
    if (status == NX_OK)
        status = read_budgets(&json, nx_json_find(&json, 0, "budgets"), &read, why);

    if (status == NX_OK)
        *budgets = read;
    else
        peers->count = 0;
    return status;
}
