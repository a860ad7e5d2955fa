/* The list of v1: which devices may be served without attestation, and which never again.
 *
 *     not known --- allowed, and came as v1 ---> PINNED to its Noise static
 *         |                                        |
 *         `---- paired, or attested while listed --+-------> NATIVE, for good
 *
 * A v1 node proves its key by a certificate that is good for ever and binds nothing to the session
 * (docs/contracts/wire.md §2.2), so it is served only where a person said so: an id on the list of
 * this run (`--allow-v1`), or the one that a person dials as v1. Its Noise static is pinned when it
 * is first served. An id that is or was paired, or that attested while it was on the list, is native:
 * it is never served as v1 again, listed or not, since nobody but somebody who took its old keys
 * would come without an attestation.
 *
 * What is pinned and what is native is remembered across restarts, as one value of the key
 * DSB_V1_LIST_KEY. It counts at once and lasts once it is stored; a write that failed is tried again.
 * The table is bounded and forgets nobody: once it is full, who is not in it is not served as v1, so
 * that a native id that found no place is safe, too. A value that is damaged, newer or unreadable
 * is left as it is, and v1 is refused altogether. Nothing here is needed by native sessions. */
#ifndef NX_CORE_NODE_V1_LIST_H
#define NX_CORE_NODE_V1_LIST_H

#include "core/base/json.h"
#include "core/base/time.h"
#include "core/crypto/crypto.h"
#include "core/store/store.h"

#define DSB_V1_LIST_KEY     "v1.json"
#define DSB_V1_LIST_VERSION 1

/* A device that is known to be the one or the other. */
struct dsb_v1_entry {
    uint8_t id[DSB_ID_LEN];
    bool is_native;
    uint8_t noise_static[NX_X25519_LEN]; /* of one that is not */
};

struct dsb_v1_list {
    enum nx_status status; /* NX_OK; else why nobody is served as v1 */
    struct nx_why why;

    uint8_t allowed[DSB_V1_ALLOWED_MAX][DSB_ID_LEN];
    uint32_t allowed_count;

    struct dsb_v1_entry known[DSB_V1_KNOWN_MAX]; /* by id, each once */
    uint32_t known_count;

    bool is_dirty;     /* something is to be stored */
    uint64_t sequence; /* of the write that is under way; 0: none */
    struct nx_instant retry_at;
};

/* Nobody is allowed, and nobody will be served before `load`. */
void dsb_v1_list_init(struct dsb_v1_list *v);

/* What the driver's load of DSB_V1_LIST_KEY answered at start: its status, and for NX_OK the value.
 * Borrows `value` and `nodes` (DSB_V1_NODES_MAX are always enough) until it returns.
 * NX_OK: also when there was nothing (NX_E_NOT_FOUND); NX_E_STATE: loaded before; NX_E_MALFORMED:
 * damaged; NX_E_VERSION: a newer version wrote it; NX_E_LIMIT: more than fits; else `loaded`. But for
 * NX_OK and NX_E_STATE v1 is refused from now on, and dsb_v1_list_why has the sentence. */
NX_MUST_CHECK enum nx_status dsb_v1_list_load(struct dsb_v1_list *v, enum nx_status loaded,
                                              struct nx_bytes value, struct nx_json_node *nodes,
                                              uint32_t node_cap);

/* NX_OK; NX_E_STATE: not loaded; else what `load` answered. */
enum nx_status dsb_v1_list_status(const struct dsb_v1_list *v);
const struct nx_why *dsb_v1_list_why(const struct dsb_v1_list *v);

/* Put this id on the list of this run. Before or after `load`; once more is no harm.
 * NX_OK; NX_E_LIMIT: DSB_V1_ALLOWED_MAX are on it; NX_E_IDENTITY: it is known as native, and would not
 * be served. */
NX_MUST_CHECK enum nx_status dsb_v1_list_allow(struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN]);

/* May this device be served as v1, with this static? `is_dialled`: a person dials this very id as v1,
 * which stands for an entry of the list.
 * NX_OK; NX_E_DENIED: not allowed; NX_E_IDENTITY: it is native, or pinned to another static;
 * NX_E_LIMIT: it is not known and the table is full; else as dsb_v1_list_status. */
NX_MUST_CHECK enum nx_status dsb_v1_list_check(const struct dsb_v1_list *v,
                                               const uint8_t id[DSB_ID_LEN],
                                               const uint8_t noise_static[NX_X25519_LEN],
                                               bool is_dialled);

/* It is served, and proved this static: pinned if it is the first. Nothing where check would not say
 * NX_OK. */
void dsb_v1_list_pin(struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN],
                     const uint8_t noise_static[NX_X25519_LEN]);

/* It is paired, or was: native for good. */
void dsb_v1_list_add_native(struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN]);

/* It attested: native for good if it is on the list or was ever served as v1. Of anybody else nothing is
 * kept, or strangers could fill the table. */
void dsb_v1_list_attested(struct dsb_v1_list *v, const uint8_t id[DSB_ID_LEN]);

/* What is known of this device; NULL: nothing. Lent until the next call. */
const struct dsb_v1_entry *dsb_v1_list_find(const struct dsb_v1_list *v,
                                            const uint8_t id[DSB_ID_LEN]);

/* Hands the write that is due to `store`, whose values may have DSB_V1_LIST_LEN_MAX bytes; false: none is, or the store has no room just now. To be
 * called after every call above and every event of the store. */
bool dsb_v1_list_output(struct dsb_v1_list *v, struct nx_store *store);

/* An event of the store. False: it was not this list's. */
bool dsb_v1_list_stored(struct dsb_v1_list *v, struct nx_instant now,
                        const struct nx_store_event *stored);

/* A write that failed is tried again. */
void dsb_v1_list_tick(struct dsb_v1_list *v, struct nx_instant now);
struct nx_instant dsb_v1_list_deadline(const struct dsb_v1_list *v);

#endif
