/* Registry: which devices this node is paired with, across restarts.
 *
 *            nothing there, or a good value           a person: reset
 *   LOADING ---------------------------------> READY <---------------- DAMAGED
 *      |  |                                                              ^
 *      |  +--- a value that breaks its format: set aside, never lost ----+
 *      |
 *      +--- newer version, other world, over a limit, unreadable: left as it is ---> REFUSED
 *
 * A damaged or refused registry is never taken for "no peers": the table is empty, every change is
 * refused, and `dsb_registry_status` says why, so that a node goes on without pairing and shows it.
 *
 * A change is a promise: it is taken, written as one new value of the key DSB_REGISTRY_KEY, and made
 * in the table when the store has answered NX_OK and not before; then its event says so. After a
 * failure the table is as it was. Changes are written one at a time in the order they came.
 *
 *     dsb_registry_add(r, &peer)            NX_OK: under way
 *     dsb_registry_output(r, &store)        the write goes out
 *     nx_store_event(&store, &stored)       later
 *     dsb_registry_stored(r, &stored)
 *     dsb_registry_event(r, &event)         ADD, NX_OK: paired now
 *
 * When a write fails with NX_E_IO, a restart may find the value that was not confirmed (store.h):
 * the next write that succeeds ends that doubt, and to the other device it is a one-sided pairing. */
#ifndef NX_CORE_BUS_REGISTRY_H
#define NX_CORE_BUS_REGISTRY_H

#include "core/bus/peers.h"
#include "core/bus/registry_json.h"
#include "core/store/store.h"

#define DSB_REGISTRY_KEY "registry.json"

enum dsb_registry_state {
    DSB_REGISTRY_LOADING,
    DSB_REGISTRY_READY,
    DSB_REGISTRY_DAMAGED,
    DSB_REGISTRY_REFUSED,
};

enum dsb_registry_act {
    DSB_REGISTRY_ADD,
    DSB_REGISTRY_REMOVE,
    DSB_REGISTRY_BUDGETS,
    DSB_REGISTRY_ASIDE, /* the damaged value, on the registry's own account */
    DSB_REGISTRY_RESET,
};

/* What became of a change. */
struct dsb_registry_event {
    enum dsb_registry_act act;
    enum nx_status status;             /* NX_OK: it is stored, and made */
    char id_text[DSB_ID_TEXT_MAX + 1]; /* of ADD and REMOVE */
    bool was_paired;                   /* of ADD: it was before, with the same keys */
    struct nx_why why;                 /* of a failure */
};

struct dsb_registry_change {
    struct dsb_registry_event event;
    struct dsb_peer peer; /* of ADD */
};

struct dsb_registry {
    enum dsb_world world;
    enum dsb_registry_state state;
    enum nx_status status; /* NX_OK, or why it is not READY */
    struct nx_why why;
    struct dsb_peers peers;
    struct dsb_pairing_saved budgets; /* the newest ones, stored or not */
    bool is_kept;                     /* what was damaged is under another name */

    /* In the order they came: first those that are done and not yet told, then one that is with the
     * store, if `sequence` is not 0, then those that wait. */
    struct dsb_registry_change changes[DSB_REGISTRY_CHANGES_MAX];
    uint32_t change_count;
    uint32_t done_count;
    uint64_t sequence;
};

/* LOADING, and empty. Keeps `memory`, room for `peer_cap` (at most DSB_PEERS_MAX) peers. */
void dsb_registry_init(struct dsb_registry *r, enum dsb_world world, struct dsb_peer *memory,
                       uint32_t peer_cap);

/* What the driver's load of DSB_REGISTRY_KEY answered at start: its status, and for NX_OK the value.
 * Borrows `value` and `nodes` (DSB_REGISTRY_NODES_MAX are always enough) until it returns.
 * NX_OK: READY; NX_E_STATE: loaded before; NX_E_MALFORMED: DAMAGED, and what is there is going to be
 * set aside, unless it was before; anything else: REFUSED for that reason, see dsb_registry_why. */
NX_MUST_CHECK enum nx_status dsb_registry_load(struct dsb_registry *r, enum nx_status loaded,
                                               struct nx_bytes value, struct nx_json_node *nodes,
                                               uint32_t node_cap);

/* NX_OK when READY; otherwise why no peer is known and none can be added: NX_E_STATE while LOADING,
 * then what dsb_registry_load answered. */
enum nx_status dsb_registry_status(const struct dsb_registry *r);

/* The sentence to it. */
const struct nx_why *dsb_registry_why(const struct dsb_registry *r);

/* ---- what is stored ------------------------------------------------------------------------ */

/* A paired device, lent until the next call of dsb_registry_stored; NULL when there is none. */
const struct dsb_peer *dsb_registry_find(const struct dsb_registry *r,
                                         const uint8_t id[DSB_ID_LEN]);
const struct dsb_peer *dsb_registry_find_text(const struct dsb_registry *r, const char *id_text);

/* All of them, by id: 0 .. count. */
uint32_t dsb_registry_count(const struct dsb_registry *r);
const struct dsb_peer *dsb_registry_at(const struct dsb_registry *r, uint32_t index);

/* Pairing's budgets as they were loaded, or last set: dsb_pairing_import resumes from them. */
const struct dsb_pairing_saved *dsb_registry_budgets(const struct dsb_registry *r);

/* ---- changes: each is told by one event ---------------------------------------------------- */

/* Pair with this device; one that is paired already, with the very same keys, gets the new name and
 * time. Copies `peer`.
 * NX_OK: under way; NX_E_INVALID: no peer of this world; NX_E_IDENTITY: that id is pinned to other
 * keys; NX_E_BUSY: a change of that id is under way; NX_E_LIMIT: with those under way the table is
 * full; NX_WOULD_BLOCK: take the events first; NX_E_MALFORMED and what else dsb_registry_status
 * answers: not READY. */
NX_MUST_CHECK enum nx_status dsb_registry_add(struct dsb_registry *r, const struct dsb_peer *peer);

/* Unpair. NX_OK: under way; NX_E_NOT_FOUND: not paired; NX_E_BUSY, NX_WOULD_BLOCK, and when not
 * READY, as above. */
NX_MUST_CHECK enum nx_status dsb_registry_remove(struct dsb_registry *r, const char *id_text);

/* The budgets are now these, as dsb_pairing_export gave them: part of every write from now on, and of
 * one of their own. Newest wins: one that waits already takes them along, and tells once. They are
 * not taken back when a write fails. Copies.
 * NX_OK; NX_WOULD_BLOCK: nothing changed, take the events first; not READY as above. */
NX_MUST_CHECK enum nx_status dsb_registry_set_budgets(struct dsb_registry *r,
                                                      const struct dsb_pairing_saved *budgets);

/* A person gives up what was damaged: once it is kept under another name, an empty registry is
 * written, and then this one is READY.
 * NX_OK: under way; NX_E_STATE: not DAMAGED; NX_E_BUSY: a reset is under way; NX_WOULD_BLOCK. */
NX_MUST_CHECK enum nx_status dsb_registry_reset(struct dsb_registry *r);

/* ---- the store and the news ---------------------------------------------------------------- */

/* Hands the next write to `store`; false: none is due, or the store has no room just now. To be
 * called after every change and every event of the store. */
bool dsb_registry_output(struct dsb_registry *r, struct nx_store *store);

/* An event of the store. False: it was not the registry's. */
bool dsb_registry_stored(struct dsb_registry *r, const struct nx_store_event *stored);

/* Takes the next event; false when there is none. */
bool dsb_registry_event(struct dsb_registry *r, struct dsb_registry_event *event);

#endif
