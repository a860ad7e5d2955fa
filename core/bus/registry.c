#include "core/bus/registry.h"

#include "core/base/memory.h"
#include "core/base/text.h"

void dsb_registry_init(struct dsb_registry *r, enum dsb_world world, struct dsb_peer *memory,
                       uint32_t peer_cap)
{
    memset(r, 0, sizeof(*r));
    r->world = world;
    r->status = NX_E_STATE;
    nx_why_set(&r->why, "registry: not read yet");
    dsb_peers_init(&r->peers, memory, peer_cap);
}

/* ---- changes ------------------------------------------------------------------------------- */

static bool same_id(const char *a, const char *b)
{
    return nx_bytes_equal(nx_bytes_of_text(a), nx_bytes_of_text(b));
}

/* A change at the end of the line; NULL when the line is full. */
static struct dsb_registry_change *append(struct dsb_registry *r, enum dsb_registry_act act)
{
    if (r->change_count == DSB_REGISTRY_CHANGES_MAX)
        return NULL;

    struct dsb_registry_change *change = &r->changes[r->change_count++];
    memset(change, 0, sizeof(*change));
    change->event.act = act;
    return change;
}

/* Changes of this kind that are not done. */
static uint32_t count_open(const struct dsb_registry *r, enum dsb_registry_act act)
{
    uint32_t count = 0;

    for (uint32_t i = r->done_count; i < r->change_count; i++)
        count += r->changes[i].event.act == act;
    return count;
}

static bool is_of_peer(const struct dsb_registry_change *change)
{
    return change->event.act == DSB_REGISTRY_ADD || change->event.act == DSB_REGISTRY_REMOVE;
}

static bool is_open(const struct dsb_registry *r, const char *id_text)
{
    for (uint32_t i = r->done_count; i < r->change_count; i++) {
        if (is_of_peer(&r->changes[i]) && same_id(r->changes[i].event.id_text, id_text))
            return true;
    }
    return false;
}

/* Places in the table that are taken when all goes well. A removal under way frees none yet: it may
 * fail. */
static uint32_t count_taken(const struct dsb_registry *r)
{
    uint32_t count = r->peers.count;

    for (uint32_t i = r->done_count; i < r->change_count; i++) {
        const struct dsb_registry_change *change = &r->changes[i];

        count += change->event.act == DSB_REGISTRY_ADD &&
                 dsb_peers_find_text(&r->peers, change->event.id_text) == NULL;
    }
    return count;
}

static bool same_keys(const struct dsb_peer *a, const struct dsb_peer *b)
{
    return memcmp(a->ed25519, b->ed25519, sizeof(a->ed25519)) == 0 &&
           memcmp(a->noise_static, b->noise_static, sizeof(a->noise_static)) == 0;
}

static void copy_id(struct dsb_registry_event *event, const char *id_text)
{
    struct nx_text t = nx_text_over(event->id_text, sizeof(event->id_text));

    nx_text_add(&t, id_text);
}

enum nx_status dsb_registry_add(struct dsb_registry *r, const struct dsb_peer *peer)
{
    if (r->status != NX_OK)
        return r->status;
    if (!dsb_peer_is_valid(peer, r->world))
        return NX_E_INVALID;
    if (is_open(r, peer->id_text))
        return NX_E_BUSY;

    const struct dsb_peer *pinned = dsb_peers_find_text(&r->peers, peer->id_text);
    if (pinned != NULL && !same_keys(pinned, peer))
        return NX_E_IDENTITY;
    if (pinned == NULL && count_taken(r) >= r->peers.cap)
        return NX_E_LIMIT;

    struct dsb_registry_change *change = append(r, DSB_REGISTRY_ADD);
    if (change == NULL)
        return NX_WOULD_BLOCK;
    change->peer = *peer;
    change->event.was_paired = pinned != NULL;
    copy_id(&change->event, peer->id_text);
    return NX_OK;
}

enum nx_status dsb_registry_remove(struct dsb_registry *r, const char *id_text)
{
    if (r->status != NX_OK)
        return r->status;
    if (is_open(r, id_text))
        return NX_E_BUSY;
    if (dsb_peers_find_text(&r->peers, id_text) == NULL)
        return NX_E_NOT_FOUND;

    struct dsb_registry_change *change = append(r, DSB_REGISTRY_REMOVE);
    if (change == NULL)
        return NX_WOULD_BLOCK;
    copy_id(&change->event, id_text);
    return NX_OK;
}

/* Is there a write of the budgets that has not gone out yet? */
static bool budgets_wait(const struct dsb_registry *r)
{
    uint32_t first_waiting = r->done_count + (r->sequence != 0 ? 1 : 0);

    for (uint32_t i = first_waiting; i < r->change_count; i++) {
        if (r->changes[i].event.act == DSB_REGISTRY_BUDGETS)
            return true;
    }
    return false;
}

enum nx_status dsb_registry_set_budgets(struct dsb_registry *r,
                                        const struct dsb_pairing_saved *budgets)
{
    if (r->status != NX_OK)
        return r->status;
    if (!budgets_wait(r) && append(r, DSB_REGISTRY_BUDGETS) == NULL)
        return NX_WOULD_BLOCK;
    r->budgets = *budgets;
    return NX_OK;
}

enum nx_status dsb_registry_reset(struct dsb_registry *r)
{
    if (r->state != DSB_REGISTRY_DAMAGED)
        return NX_E_STATE;
    if (count_open(r, DSB_REGISTRY_RESET) > 0)
        return NX_E_BUSY;

    bool must_keep = !r->is_kept && count_open(r, DSB_REGISTRY_ASIDE) == 0;
    if (r->change_count + (must_keep ? 2 : 1) > DSB_REGISTRY_CHANGES_MAX)
        return NX_WOULD_BLOCK;
    if (must_keep)
        append(r, DSB_REGISTRY_ASIDE);
    append(r, DSB_REGISTRY_RESET);
    return NX_OK;
}

/* ---- start --------------------------------------------------------------------------------- */

static enum nx_status become(struct dsb_registry *r, enum dsb_registry_state state,
                             enum nx_status status)
{
    r->state = state;
    r->status = status;
    if (status == NX_OK)
        nx_why_set(&r->why, "");
    return status;
}

static enum nx_status not_loaded(struct dsb_registry *r, enum nx_status loaded)
{
    if (loaded == NX_E_NOT_FOUND)
        return become(r, DSB_REGISTRY_READY, NX_OK);
    if (loaded == NX_E_MALFORMED) {
        nx_why_set(&r->why, "registry: it was damaged and is kept as " DSB_REGISTRY_KEY ".bad");
        r->is_kept = true;
        return become(r, DSB_REGISTRY_DAMAGED, loaded);
    }
    struct nx_text t = nx_text_over(r->why.text, sizeof(r->why.text));
    nx_text_add(&t, "registry: it could not be read: ");
    nx_text_add(&t, nx_status_text(loaded));
    return become(r, DSB_REGISTRY_REFUSED, loaded);
}

enum nx_status dsb_registry_load(struct dsb_registry *r, enum nx_status loaded,
                                 struct nx_bytes value, struct nx_json_node *nodes,
                                 uint32_t node_cap)
{
    if (r->state != DSB_REGISTRY_LOADING)
        return NX_E_STATE;
    if (loaded != NX_OK)
        return not_loaded(r, loaded);

    enum nx_status status =
        dsb_registry_decode(r->world, value, nodes, node_cap, &r->peers, &r->budgets, &r->why);
    if (status == NX_OK)
        return become(r, DSB_REGISTRY_READY, NX_OK);
    if (status != NX_E_MALFORMED)
        return become(r, DSB_REGISTRY_REFUSED, status);

    append(r, DSB_REGISTRY_ASIDE);
    return become(r, DSB_REGISTRY_DAMAGED, status);
}

/* ---- the store ----------------------------------------------------------------------------- */

/* The current change is over; made, if it succeeded. */
static void finish(struct dsb_registry *r, enum nx_status status, const struct nx_why *why)
{
    struct dsb_registry_event *event = &r->changes[r->done_count++].event;

    r->sequence = 0;
    event->status = status;
    if (why != NULL)
        event->why = *why;
}

/* Makes a change that is stored. The verbs saw to it that it can be made. */
static void make(struct dsb_registry *r, const struct dsb_registry_change *change)
{
    enum nx_status status = NX_OK;

    switch (change->event.act) {
    case DSB_REGISTRY_ADD:
        if (dsb_peers_find_text(&r->peers, change->peer.id_text) != NULL)
            status = dsb_peers_remove(&r->peers, change->peer.id_text);
        NX_CHECK(status == NX_OK);
        status = dsb_peers_add(&r->peers, &change->peer);
        break;
    case DSB_REGISTRY_REMOVE:
        status = dsb_peers_remove(&r->peers, change->event.id_text);
        break;
    case DSB_REGISTRY_BUDGETS:
        break;
    case DSB_REGISTRY_ASIDE:
        r->is_kept = true;
        break;
    case DSB_REGISTRY_RESET:
        become(r, DSB_REGISTRY_READY, NX_OK);
        break;
    }
    NX_CHECK(status == NX_OK);
}

/* The table as it will be, as one new value. */
static enum nx_status put(struct dsb_registry *r, struct dsb_registry_change *change,
                          struct nx_store *store)
{
    struct nx_writer value;
    struct dsb_peers_edit edit = {.added = NULL};

    if (change->event.act == DSB_REGISTRY_ADD)
        edit.added = &change->peer;
    if (change->event.act == DSB_REGISTRY_REMOVE)
        edit.removed_id_text = change->event.id_text;

    enum nx_status status = nx_store_lend(store, &value);
    if (status != NX_OK)
        return status;
    status = dsb_registry_encode(r->world, &r->peers, &edit, &r->budgets, &value);
    if (status != NX_OK) {
        nx_why_limit(&change->event.why, "registry: bytes in this store", value.cap,
                     DSB_REGISTRY_LEN_MAX);
        return status;
    }
    return nx_store_put(store, DSB_REGISTRY_KEY, nx_writer_bytes(&value), &r->sequence);
}

static enum nx_status hand_over(struct dsb_registry *r, struct dsb_registry_change *change,
                                struct nx_store *store)
{
    if (change->event.act == DSB_REGISTRY_ASIDE)
        return nx_store_aside(store, DSB_REGISTRY_KEY, &r->sequence);
    /* An empty registry may only go where the damaged one no longer is. */
    if (change->event.act == DSB_REGISTRY_RESET && !r->is_kept) {
        nx_why_set(&change->event.why, "registry: the damaged one could not be set aside");
        return NX_E_DENIED;
    }
    return put(r, change, store);
}

bool dsb_registry_output(struct dsb_registry *r, struct nx_store *store)
{
    while (r->sequence == 0 && r->done_count < r->change_count) {
        enum nx_status status = hand_over(r, &r->changes[r->done_count], store);

        if (status >= NX_OK)
            return status == NX_OK;
        finish(r, status, NULL);
    }
    return false;
}

bool dsb_registry_stored(struct dsb_registry *r, const struct nx_store_event *stored)
{
    if (r->sequence == 0 || stored->sequence != r->sequence)
        return false;

    const struct dsb_registry_change *change = &r->changes[r->done_count];
    if (stored->status == NX_OK)
        make(r, change);
    /* Somebody took the damaged one away: nothing is there to be kept. */
    if (change->event.act == DSB_REGISTRY_ASIDE && stored->status == NX_E_NOT_FOUND)
        r->is_kept = true;
    finish(r, stored->status, &stored->why);
    return true;
}

bool dsb_registry_event(struct dsb_registry *r, struct dsb_registry_event *event)
{
    if (r->done_count == 0)
        return false;

    *event = r->changes[0].event;
    r->done_count--;
    r->change_count--;
    memmove(&r->changes[0], &r->changes[1], r->change_count * sizeof(r->changes[0]));
    return true;
}

/* ---- asking -------------------------------------------------------------------------------- */

enum nx_status dsb_registry_status(const struct dsb_registry *r)
{
    return r->status;
}

const struct nx_why *dsb_registry_why(const struct dsb_registry *r)
{
    return &r->why;
}

const struct dsb_peer *dsb_registry_find(const struct dsb_registry *r, const uint8_t id[DSB_ID_LEN])
{
    return dsb_peers_find(&r->peers, id);
}

const struct dsb_peer *dsb_registry_find_text(const struct dsb_registry *r, const char *id_text)
{
    return dsb_peers_find_text(&r->peers, id_text);
}

uint32_t dsb_registry_count(const struct dsb_registry *r)
{
    return r->peers.count;
}

const struct dsb_peer *dsb_registry_at(const struct dsb_registry *r, uint32_t index)
{
    NX_CHECK(index < r->peers.count);
    return &r->peers.at[index];
}

const struct dsb_pairing_saved *dsb_registry_budgets(const struct dsb_registry *r)
{
    return &r->budgets;
}
