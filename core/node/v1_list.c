#include "core/node/v1_list.h"

#include "core/base/hex.h"
#include "core/base/json_writer.h"
#include "core/base/limits.h"
#include "core/base/memory.h"
#include "core/base/text.h"

#define FORMAT "nexusnet v1"

enum {
    RETRY_S = 10, /* a write failed: the disk may have room again */
};

void dsb_v1_list_init(struct dsb_v1_list *v)
{
    memset(v, 0, sizeof(*v));
    v->status = NX_E_STATE;
    v->retry_at = NX_NEVER;
    nx_why_set(&v->why, "v1: what is known of it was not read");
}

enum nx_status dsb_v1_list_status(const struct dsb_v1_list *v)
{
    return v->status;
}

const struct nx_why *dsb_v1_list_why(const struct dsb_v1_list *v)
{
    return &v->why;
}

/* ---- the table ----------------------------------------------------------------------------- */

/* Where this id stands, or would. */
static uint32_t place_of(const struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN])
{
    uint32_t first = 0;
    uint32_t end = v->known_count;

    while (first < end) {
        uint32_t middle = first + (end - first) / 2;

        if (memcmp(v->known[middle].id, id, DSB_ID_LEN) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

static bool stands_at(const struct dsb_v1_list *v, uint32_t place, const uint8_t id[DSB_ID_LEN])
{
    return place < v->known_count && memcmp(v->known[place].id, id, DSB_ID_LEN) == 0;
}

const struct dsb_v1_entry *dsb_v1_list_find(const struct dsb_v1_list *v,
                                            const uint8_t id[DSB_ID_LEN])
{
    uint32_t place = place_of(v, id);

    return stands_at(v, place, id) ? &v->known[place] : NULL;
}

/* A new entry of this id; NULL: it stands there, or the table is full. */
static struct dsb_v1_entry *insert(struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN])
{
    uint32_t place = place_of(v, id);

    if (stands_at(v, place, id) || v->known_count == DSB_V1_KNOWN_MAX)
        return NULL;

    struct dsb_v1_entry *entry = &v->known[place];
    memmove(entry + 1, entry, (v->known_count - place) * sizeof(*entry));
    memset(entry, 0, sizeof(*entry));
    memcpy(entry->id, id, DSB_ID_LEN);
    v->known_count++;
    return entry;
}

/* ---- who may ------------------------------------------------------------------------------- */

static bool is_allowed(const struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN])
{
    for (uint32_t i = 0; i < v->allowed_count; i++) {
        if (memcmp(v->allowed[i], id, DSB_ID_LEN) == 0)
            return true;
    }
    return false;
}

enum nx_status dsb_v1_list_allow(struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN])
{
    const struct dsb_v1_entry *known = dsb_v1_list_find(v, id);

    if (known != NULL && known->is_native)
        return NX_E_IDENTITY;
    if (is_allowed(v, id))
        return NX_OK;
    if (v->allowed_count == DSB_V1_ALLOWED_MAX)
        return NX_E_LIMIT;
    memcpy(v->allowed[v->allowed_count++], id, DSB_ID_LEN);
    return NX_OK;
}

enum nx_status dsb_v1_list_check(const struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN],
                                 const uint8_t noise_static[NX_X25519_LEN], bool is_dialled)
{
    const struct dsb_v1_entry *known = dsb_v1_list_find(v, id);

    if (v->status != NX_OK)
        return v->status;
    if (known != NULL && known->is_native) /* listed or not */
        return NX_E_IDENTITY;
    if (!is_dialled && !is_allowed(v, id))
        return NX_E_DENIED;
    if (known == NULL)
        return v->known_count < DSB_V1_KNOWN_MAX ? NX_OK : NX_E_LIMIT;
    return memcmp(known->noise_static, noise_static, NX_X25519_LEN) == 0 ? NX_OK : NX_E_IDENTITY;
}

void dsb_v1_list_pin(struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN],
                     const uint8_t noise_static[NX_X25519_LEN])
{
    if (v->status != NX_OK)
        return;

    struct dsb_v1_entry *entry = insert(v, id);
    if (entry == NULL)
        return;
    memcpy(entry->noise_static, noise_static, NX_X25519_LEN);
    v->is_dirty = true;
}

void dsb_v1_list_add_native(struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN])
{
    if (v->status != NX_OK)
        return;

    uint32_t place = place_of(v, id);
    struct dsb_v1_entry *entry = stands_at(v, place, id) ? &v->known[place] : insert(v, id);
    if (entry == NULL || entry->is_native)
        return;
    entry->is_native = true;
    memset(entry->noise_static, 0, sizeof(entry->noise_static));
    v->is_dirty = true;
}

void dsb_v1_list_attested(struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN])
{
    if (is_allowed(v, id) || dsb_v1_list_find(v, id) != NULL)
        dsb_v1_list_add_native(v, id);
}

/* ---- writing: one form, entries by id ------------------------------------------------------- */

static void put_hex(struct nx_json_writer *w, const uint8_t bytes[32])
{
    char text[2 * 32 + 1];

    nx_hex_encode(nx_bytes_of(bytes, 32), text);
    nx_json_put_text(w, text);
}

static void put_pinned(struct nx_json_writer *w, const struct dsb_v1_entry *entry)
{
    nx_json_begin_object(w);
    nx_json_key(w, "id");
    put_hex(w, entry->id);
    nx_json_key(w, "noise");
    put_hex(w, entry->noise_static);
    nx_json_end_object(w);
}

static void encode(const struct dsb_v1_list *v, struct nx_writer *out)
{
    struct nx_json_writer w = nx_json_writer_over(out);

    nx_json_begin_object(&w);
    nx_json_key(&w, "format");
    nx_json_put_text(&w, FORMAT);
    nx_json_key(&w, "version");
    nx_json_put_u64(&w, DSB_V1_LIST_VERSION);
    nx_json_key(&w, "native");
    nx_json_begin_array(&w);
    for (uint32_t i = 0; i < v->known_count; i++) {
        if (v->known[i].is_native)
            put_hex(&w, v->known[i].id);
    }
    nx_json_end_array(&w);
    nx_json_key(&w, "pinned");
    nx_json_begin_array(&w);
    for (uint32_t i = 0; i < v->known_count; i++) {
        if (!v->known[i].is_native)
            put_pinned(&w, &v->known[i]);
    }
    nx_json_end_array(&w);
    nx_json_end_object(&w);
    NX_CHECK(nx_json_writer_finish(&w) == NX_OK); /* DSB_V1_LIST_LEN_MAX fits */
    nx_write_u8(out, '\n');
}

/* ---- reading ------------------------------------------------------------------------------- */

static const struct nx_json_limits json_limits = {
    .length_max = NX_STORE_VALUE_MAX,
    .depth_max = NX_JSON_DEPTH_MAX,
    .string_max = NX_STORE_VALUE_MAX,
    .member_count_max = 64,
};

static enum nx_status refuse(struct nx_why *why, enum nx_status status, const char *what)
{
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    nx_text_add(&t, "v1: ");
    nx_text_add(&t, what);
    return status;
}

static enum nx_status damaged(struct nx_why *why, const char *what)
{
    return refuse(why, NX_E_MALFORMED, what);
}

static enum nx_status too_many(struct nx_why *why, uint64_t asked)
{
    nx_why_limit(why, "v1: devices known", DSB_V1_KNOWN_MAX, asked);
    return NX_E_LIMIT;
}

/* Exactly these members, in any order. */
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

static enum nx_status get_hex(const struct nx_json *json, uint32_t node, uint8_t out[32])
{
    char text[2 * 32 + 1];

    if (nx_json_get_text(json, node, text, sizeof(text)) != NX_OK)
        return NX_E_MALFORMED;
    return nx_hex_decode(nx_bytes_of_text(text), out, 32);
}

/* An entry with the id at `node`, which may not stand there yet. */
static enum nx_status read_entry(struct dsb_v1_list *v, const struct nx_json *json, uint32_t node,
                                 struct dsb_v1_entry **entry, struct nx_why *why)
{
    uint8_t id[DSB_ID_LEN];

    if (get_hex(json, node, id) != NX_OK)
        return damaged(why, "an id is not 64 lower-case hex digits");
    *entry = insert(v, id); /* the count was checked before */
    return *entry != NULL ? NX_OK : damaged(why, "an id stands there twice");
}

static enum nx_status read_native(struct dsb_v1_list *v, const struct nx_json *json, uint32_t array,
                                  struct nx_why *why)
{
    for (uint32_t node = nx_json_first(json, array); node != NX_JSON_NONE;
         node = nx_json_next(json, node)) {
        struct dsb_v1_entry *entry;
        enum nx_status status = read_entry(v, json, node, &entry, why);

        if (status != NX_OK)
            return status;
        entry->is_native = true;
    }
    return NX_OK;
}

static enum nx_status read_pinned(struct dsb_v1_list *v, const struct nx_json *json, uint32_t array,
                                  struct nx_why *why)
{
    static const char *const members[] = {"id", "noise"};

    for (uint32_t node = nx_json_first(json, array); node != NX_JSON_NONE;
         node = nx_json_next(json, node)) {
        struct dsb_v1_entry *entry;

        if (!has_members(json, node, members, NX_COUNT_OF(members)))
            return damaged(why, "a device lacks a field or has one that is not known");
        enum nx_status status = read_entry(v, json, nx_json_find(json, node, "id"), &entry, why);
        if (status != NX_OK)
            return status;
        if (get_hex(json, nx_json_find(json, node, "noise"), entry->noise_static) != NX_OK)
            return damaged(why, "a key is not 64 lower-case hex digits");
    }
    return NX_OK;
}

/* The version comes first: of a newer text nothing else is judged. */
static enum nx_status check_head(const struct nx_json *json, struct nx_why *why)
{
    static const char *const members[] = {"format", "version", "native", "pinned"};
    char format[sizeof(FORMAT)];
    uint64_t version = 0;

    if (nx_json_get_text(json, nx_json_find(json, 0, "format"), format, sizeof(format)) != NX_OK ||
        !nx_bytes_equal(nx_bytes_of_text(format), nx_bytes_of_text(FORMAT)))
        return damaged(why, "its format is not \"" FORMAT "\"");
    if (nx_json_get_u64(json, nx_json_find(json, 0, "version"), &version) != NX_OK || version == 0)
        return damaged(why, "its version is no whole number from 1");
    if (version > DSB_V1_LIST_VERSION)
        return refuse(why, NX_E_VERSION, "a newer version of this program wrote it");
    if (!has_members(json, 0, members, NX_COUNT_OF(members)) ||
        nx_json_type_of(json, nx_json_find(json, 0, "native")) != NX_JSON_ARRAY ||
        nx_json_type_of(json, nx_json_find(json, 0, "pinned")) != NX_JSON_ARRAY)
        return damaged(why, "it lacks a field or has one that is not known");
    return NX_OK;
}

static enum nx_status decode(struct dsb_v1_list *v, struct nx_bytes text,
                             struct nx_json_node *nodes, uint32_t node_cap)
{
    struct nx_json json;
    enum nx_status status = nx_json_parse(&json, text, nodes, node_cap, &json_limits, &v->why);

    if (status == NX_OK)
        status = check_head(&json, &v->why);
    if (status != NX_OK)
        return status;

    uint32_t native = nx_json_find(&json, 0, "native");
    uint32_t pinned = nx_json_find(&json, 0, "pinned");
    uint64_t count = (uint64_t)nx_json_count(&json, native) + nx_json_count(&json, pinned);
    if (count > DSB_V1_KNOWN_MAX)
        return too_many(&v->why, count);

    status = read_native(v, &json, native, &v->why);
    return status == NX_OK ? read_pinned(v, &json, pinned, &v->why) : status;
}

enum nx_status dsb_v1_list_load(struct dsb_v1_list *v, enum nx_status loaded, struct nx_bytes value,
                                struct nx_json_node *nodes, uint32_t node_cap)
{
    if (v->status != NX_E_STATE)
        return NX_E_STATE;

    v->status = loaded;
    if (loaded == NX_OK)
        v->status = decode(v, value, nodes, node_cap);
    else if (loaded == NX_E_NOT_FOUND)
        v->status = NX_OK;
    else
        refuse(&v->why, loaded, nx_status_text(loaded));

    if (v->status == NX_OK)
        nx_why_set(&v->why, "");
    else
        v->known_count = 0;
    return v->status;
}

/* ---- the store ----------------------------------------------------------------------------- */

bool dsb_v1_list_output(struct dsb_v1_list *v, struct nx_store *store)
{
    struct nx_writer value;

    if (!v->is_dirty || v->sequence != 0 || !nx_instant_is_never(v->retry_at) ||
        nx_store_lend(store, &value) != NX_OK)
        return false;
    encode(v, &value);
    NX_CHECK(nx_store_put(store, DSB_V1_LIST_KEY, nx_writer_bytes(&value), &v->sequence) == NX_OK);
    v->is_dirty = false;
    return true;
}

bool dsb_v1_list_stored(struct dsb_v1_list *v, struct nx_instant now,
                        const struct nx_store_event *stored)
{
    if (v->sequence == 0 || stored->sequence != v->sequence)
        return false;

    v->sequence = 0;
    if (stored->status != NX_OK) {
        v->is_dirty = true;
        v->retry_at = nx_instant_after(now, nx_seconds(RETRY_S));
    }
    return true;
}

void dsb_v1_list_tick(struct dsb_v1_list *v, struct nx_instant now)
{
    if (nx_instant_reached(v->retry_at, now))
        v->retry_at = NX_NEVER;
}

struct nx_instant dsb_v1_list_deadline(const struct dsb_v1_list *v)
{
    return v->retry_at;
}
