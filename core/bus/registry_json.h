/* The registry as it is stored: one JSON text (docs/contracts/registry.md has it with an example).
 *
 *     {"format":"nexusnet registry","version":1,"world":"sim",
 *      "peers":[{"id":…,"ed25519":…,"noise":…,"name":…,"paired_at_s":…},…],
 *      "budgets":{"accepts_ms":[…],"offers_ms":[…],"failed_ms":[…],"failed_total":…,"spent_ms":…,
 *                 "suspects":[{"id":…,"failed":…,"wait_ms":…},…]}}
 *
 * There is one writer and one form: no white space, members in this order, peers by id, a line feed
 * at the end. What was read writes the same bytes.
 *
 * Reading takes white space and any order of members and peers, because a person may have mended
 * the file; it takes no member that it does not know, misses none, and takes none and no id twice. A
 * field more is a new version, so that no writer drops what it did not understand.
 *
 * The budgets are what pairing exports: the order of the waits of one list means nothing, and a wait
 * of zero is no wait and is not written. What pairing would not resume from is damaged. */
#ifndef NX_CORE_BUS_REGISTRY_JSON_H
#define NX_CORE_BUS_REGISTRY_JSON_H

#include "core/base/json.h"
#include "core/bus/pairing_budget.h"
#include "core/bus/peers.h"

#define DSB_REGISTRY_VERSION 1

/* One change that is not in the table yet: at most one of the two, NULL for none. */
struct dsb_peers_edit {
    const struct dsb_peer *added; /* takes the place of the peer with its id, if there is one */
    const char *removed_id_text;
};

/* Appends the text of `peers`, with `edit` made, to `out`.
 * NX_OK; NX_E_LIMIT: there is not enough room, and `out` is as it was. DSB_REGISTRY_LEN_MAX always
 * is. */
NX_MUST_CHECK enum nx_status dsb_registry_encode(enum dsb_world world,
                                                 const struct dsb_peers *peers,
                                                 const struct dsb_peers_edit *edit,
                                                 const struct dsb_pairing_saved *budgets,
                                                 struct nx_writer *out);

/* Reads `text` into `peers`, which is empty, and `budgets`. Borrows `text` and `nodes`
 * (DSB_REGISTRY_NODES_MAX of them are always enough) until it returns. On a failure `peers` is
 * empty, `budgets` is as it was and `why` has a sentence.
 * NX_OK; NX_E_MALFORMED: damaged; NX_E_VERSION: a newer version wrote it; NX_E_DENIED: it is of the
 * other world; NX_E_LIMIT: more than this node can hold. */
NX_MUST_CHECK enum nx_status dsb_registry_decode(enum dsb_world world, struct nx_bytes text,
                                                 struct nx_json_node *nodes, uint32_t node_cap,
                                                 struct dsb_peers *peers,
                                                 struct dsb_pairing_saved *budgets,
                                                 struct nx_why *why);

#endif
