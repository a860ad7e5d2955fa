/* Peers: the paired devices of a node, and what is pinned of each.
 *
 * A table sorted by the id as it is shown, so that every list and every stored registry has one
 * order. It is plain data; who changes it is the registry (core/bus/registry.h). */
#ifndef NX_CORE_BUS_PEERS_H
#define NX_CORE_BUS_PEERS_H

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/crypto/crypto.h"

/* Which ids there are. Nothing of one world is ever taken for the other's. */
enum dsb_world {
    DSB_WORLD_SIM, /* localSim: 1..64 printable ASCII characters; 32 raw bytes by SHA-256 */
    DSB_WORLD_NET, /* 64 hex digits: the SHA-256 of the Ed25519 key */
};

/* A paired device: the pin is (id, ed25519, noise_static). */
struct dsb_peer {
    char id_text[DSB_ID_TEXT_MAX + 1]; /* as it is shown */
    uint8_t id[DSB_ID_LEN];            /* as it is inside */
    uint8_t ed25519[NX_ED25519_PUBLIC_LEN];
    uint8_t noise_static[NX_X25519_LEN];
    char name[DSB_DISPLAY_NAME_MAX + 1]; /* display only: UTF-8 that may be shown; may be empty */
    uint64_t
        paired_at_s; /* seconds since 1970 by the owner's clock; 0: it had none. Display only */
};

struct dsb_peers {
    struct dsb_peer *at; /* 0..count, by id_text, each id once */
    uint32_t count;
    uint32_t cap;
};

/* The raw id that `id_text` stands for in this world.
 * NX_OK; NX_E_MALFORMED: it stands for none, `id` is untouched. */
NX_MUST_CHECK enum nx_status dsb_id_of_text(enum dsb_world world, const char *id_text,
                                            uint8_t id[DSB_ID_LEN]);

/* Is it a peer of this world: an id, the raw id that belongs to it, in the net also the key that
 * belongs to both, and a name that may be shown? */
bool dsb_peer_is_valid(const struct dsb_peer *peer, enum dsb_world world);

/* Empty. Keeps `memory`, room for `cap` (at most DSB_PEERS_MAX) peers. */
void dsb_peers_init(struct dsb_peers *p, struct dsb_peer *memory, uint32_t cap);

/* The peer with this id, lent until the table changes; NULL when there is none. */
const struct dsb_peer *dsb_peers_find_text(const struct dsb_peers *p, const char *id_text);
const struct dsb_peer *dsb_peers_find(const struct dsb_peers *p, const uint8_t id[DSB_ID_LEN]);

/* Puts a peer in its place. Copies it.
 * NX_OK; NX_E_EXISTS: the id is there already; NX_E_LIMIT: the table is full. */
NX_MUST_CHECK enum nx_status dsb_peers_add(struct dsb_peers *p, const struct dsb_peer *peer);

/* Takes one out. NX_OK; NX_E_NOT_FOUND. */
NX_MUST_CHECK enum nx_status dsb_peers_remove(struct dsb_peers *p, const char *id_text);

#endif
