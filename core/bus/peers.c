#include "core/bus/peers.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"

/* No space and nothing that needs one: an id stands in a marker, behind "peer=". */
static bool is_sim_id(struct nx_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7e)
            return false;
    }
    return text.len >= 1 && text.len <= DSB_ID_TEXT_MAX;
}

enum nx_status dsb_id_of_text(enum dsb_world world, const char *id_text, uint8_t id[DSB_ID_LEN])
{
    struct nx_bytes text = nx_bytes_of_text(id_text);

    if (world == DSB_WORLD_NET)
        return nx_hex_decode(text, id, DSB_ID_LEN);
    if (!is_sim_id(text))
        return NX_E_MALFORMED;
    nx_crypto_sha256(id, text);
    return NX_OK;
}

static bool is_shown(const char *text)
{
    struct nx_bytes rest = nx_bytes_of_text(text);

    while (rest.len > 0) {
        if (!nx_char_is_shown(nx_utf8_next(&rest)))
            return false;
    }
    return true;
}

bool dsb_peer_is_valid(const struct dsb_peer *peer, enum dsb_world world)
{
    uint8_t id[DSB_ID_LEN];

    if (dsb_id_of_text(world, peer->id_text, id) != NX_OK)
        return false;
    if (memcmp(id, peer->id, DSB_ID_LEN) != 0)
        return false;
    if (world == DSB_WORLD_NET) {
        nx_crypto_sha256(id, nx_bytes_of(peer->ed25519, sizeof(peer->ed25519)));
        if (memcmp(id, peer->id, DSB_ID_LEN) != 0)
            return false;
    }
    return is_shown(peer->name);
}

void dsb_peers_init(struct dsb_peers *p, struct dsb_peer *memory, uint32_t cap)
{
    NX_CHECK(cap <= DSB_PEERS_MAX);
    *p = (struct dsb_peers){.at = memory, .cap = cap};
}

/* Where `id_text` is, or would have to be. */
static uint32_t place_of(const struct dsb_peers *p, const char *id_text)
{
    struct nx_bytes text = nx_bytes_of_text(id_text);
    uint32_t index = 0;

    while (index < p->count && nx_bytes_compare(nx_bytes_of_text(p->at[index].id_text), text) < 0)
        index++;
    return index;
}

static bool is_at(const struct dsb_peers *p, uint32_t index, const char *id_text)
{
    return index < p->count &&
           nx_bytes_equal(nx_bytes_of_text(p->at[index].id_text), nx_bytes_of_text(id_text));
}

const struct dsb_peer *dsb_peers_find_text(const struct dsb_peers *p, const char *id_text)
{
    uint32_t index = place_of(p, id_text);

    return is_at(p, index, id_text) ? &p->at[index] : NULL;
}

const struct dsb_peer *dsb_peers_find(const struct dsb_peers *p, const uint8_t id[DSB_ID_LEN])
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (memcmp(p->at[i].id, id, DSB_ID_LEN) == 0)
            return &p->at[i];
    }
    return NULL;
}

enum nx_status dsb_peers_add(struct dsb_peers *p, const struct dsb_peer *peer)
{
    uint32_t index = place_of(p, peer->id_text);

    if (is_at(p, index, peer->id_text))
        return NX_E_EXISTS;
    if (p->count == p->cap)
        return NX_E_LIMIT;

    memmove(&p->at[index + 1], &p->at[index], (p->count - index) * sizeof(*p->at));
    p->at[index] = *peer;
    p->count++;
    return NX_OK;
}

enum nx_status dsb_peers_remove(struct dsb_peers *p, const char *id_text)
{
    uint32_t index = place_of(p, id_text);

    if (!is_at(p, index, id_text))
        return NX_E_NOT_FOUND;

    p->count--;
    memmove(&p->at[index], &p->at[index + 1], (p->count - index) * sizeof(*p->at));
    return NX_OK;
}
