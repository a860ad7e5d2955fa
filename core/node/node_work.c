/* What the parts of a node have for each other, and the news for its owner. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/node/node_internal.h"

bool dsb_node_can_tell(const struct dsb_node *n)
{
    return n->news_count < DSB_NODE_NEWS_MAX - DSB_NODE_DIALS_MAX;
}

void dsb_node_tell(struct dsb_node *n, const struct dsb_node_event *event)
{
    NX_CHECK(n->news_count < DSB_NODE_NEWS_MAX);
    n->news[(n->news_first + n->news_count) % DSB_NODE_NEWS_MAX] = *event;
    n->news_count++;
}

static void name(struct dsb_node_event *event, const char *id_text)
{
    struct nx_text t = nx_text_over(event->id_text, sizeof(event->id_text));

    nx_text_add(&t, id_text);
}

/* ---- pairing ------------------------------------------------------------------------------- */

/* What of a paired device is stored: the keys that the session proved, and the name it goes by. */
static struct dsb_peer peer_of(const struct dsb_node *n, const struct dsb_pairing_event *event)
{
    struct dsb_peer peer = {0};
    const struct dsb_neighbour *neighbour =
        dsb_discovery_find(&n->discovery, nx_bytes_of_text(event->peer.id_text));

    memcpy(peer.id_text, event->peer.id_text, sizeof(peer.id_text));
    memcpy(peer.id, event->device.id, sizeof(peer.id));
    memcpy(peer.ed25519, event->device.ed25519, sizeof(peer.ed25519));
    memcpy(peer.noise_static, event->device.noise_static, sizeof(peer.noise_static));
    peer.paired_at_s = n->wall_s;
    if (neighbour != NULL)
        nx_text_for_show(nx_bytes_of_text(neighbour->name), peer.name, sizeof(peer.name));
    return peer;
}

static void tell_store_failed(struct dsb_node *n, const struct dsb_registry_event *event)
{
    struct dsb_node_event news = {
        .kind = DSB_NODE_STORE_FAILED, .status = event->status, .why = event->why};

    name(&news, event->id_text);
    dsb_node_tell(n, &news);
}

/* The registry refuses the entry: nobody may be told that it is stored. */
static void refuse_peer(struct dsb_node *n, struct nx_instant now,
                        const struct dsb_pairing_event *event, enum nx_status status)
{
    struct dsb_registry_event refused = {.status = status};

    memcpy(refused.id_text, event->peer.id_text, sizeof(refused.id_text));
    nx_why_set(&refused.why, nx_status_text(status));
    if (status == NX_E_LIMIT)
        nx_why_limit(&refused.why, "paired devices", n->registry.peers.cap,
                     n->registry.peers.cap + 1u);
    if (status == NX_WOULD_BLOCK) {
        refused.status = NX_E_LIMIT;
        nx_why_limit(&refused.why, "changes of the registry under way", DSB_REGISTRY_CHANGES_MAX,
                     DSB_REGISTRY_CHANGES_MAX + 1);
    }
    tell_store_failed(n, &refused);
    (void)!dsb_pairing_stored(&n->pairing, now, event->role, refused.status);
}

static void store_peer(struct dsb_node *n, struct nx_instant now,
                       const struct dsb_pairing_event *event)
{
    struct dsb_peer peer = peer_of(n, event);
    enum nx_status status = dsb_registry_add(&n->registry, &peer);

    if (status != NX_OK)
        refuse_peer(n, now, event, status);
}

static void pin_peer(struct dsb_node *n, struct nx_instant now, const char *id_text)
{
    const struct dsb_peer *peer = dsb_registry_find_text(&n->registry, id_text);

    if (peer == NULL)
        return;

    struct dsb_discovery_pin pin = {.id = nx_bytes_of_text(peer->id_text)};
    memcpy(pin.noise_static, peer->noise_static, sizeof(pin.noise_static));
    memcpy(pin.ed25519_public, peer->ed25519, sizeof(pin.ed25519_public));
    (void)!dsb_discovery_pin(&n->discovery, now, &pin); /* pinned before: paired a second time */
}

static void on_paired(struct dsb_node *n, struct nx_instant now,
                      const struct dsb_pairing_event *event)
{
    struct dsb_node_event news = {.kind = DSB_NODE_PAIRED, .role = event->role};

    name(&news, event->peer.id_text);
    dsb_node_tell(n, &news);
    pin_peer(n, now, event->peer.id_text);
    if (event->role == DSB_PAIRING_TYPIST) /* a full list: the owner connects when it wants to */
        (void)!dsb_node_connect(n, event->peer.id_text);
}

static void store_budgets(struct dsb_node *n, struct nx_instant now)
{
    struct dsb_pairing_saved saved;

    dsb_pairing_export(&n->pairing, now, &saved);

    /* Too many changes are under way: again after the registry's next news. Where it is not READY
     * there is no pairing that could use a budget. */
    n->budgets_due = dsb_registry_set_budgets(&n->registry, &saved) == NX_WOULD_BLOCK;
}

static void on_pairing_event(struct dsb_node *n, struct nx_instant now,
                             const struct dsb_pairing_event *event)
{
    struct dsb_node_event news = {
        .role = event->role, .status = event->status, .is_spent = event->spent};

    switch (event->kind) {
    case DSB_PAIRING_EVENT_STORE:
        store_peer(n, now, event);
        return;
    case DSB_PAIRING_EVENT_PAIRED:
        on_paired(n, now, event);
        return;
    case DSB_PAIRING_EVENT_FAILED:
        news.kind = DSB_NODE_PAIRING_FAILED;
        break;
    case DSB_PAIRING_EVENT_INTERRUPTED:
        news.kind = DSB_NODE_PAIRING_BROKEN;
        break;
    case DSB_PAIRING_EVENT_SUPERSEDED:
        return; /* its PAIRED is told by the other side */
    case DSB_PAIRING_EVENT_BUDGET:
        store_budgets(n, now);
        return;
    }
    name(&news, event->peer.id_text);
    dsb_node_tell(n, &news);
}

/* ---- registry ------------------------------------------------------------------------------ */

static bool waits_for_store(const struct dsb_node *n, enum dsb_pairing_role role,
                            const char *id_text)
{
    const struct dsb_pairing_peer *peer = dsb_pairing_peer_of(&n->pairing, role);

    return peer != NULL && dsb_pairing_state(&n->pairing, role) == DSB_PAIRING_STORING &&
           nx_bytes_equal(nx_bytes_of_text(peer->id_text), nx_bytes_of_text(id_text));
}

/* From now on, and longer than it stays paired: it may have been unpaired again before this. */
static void add_native(struct dsb_node *n, const char *id_text)
{
    uint8_t id[DSB_ID_LEN];

    NX_CHECK(dsb_id_of_text(n->config.world, id_text, id) == NX_OK); /* the registry had it */
    dsb_v1_list_add_native(&n->v1, id);
}

static void on_added(struct dsb_node *n, struct nx_instant now,
                     const struct dsb_registry_event *event)
{
    bool was_wanted = false;

    if (event->status != NX_OK)
        tell_store_failed(n, event);
    else
        add_native(n, event->id_text);
    for (int i = 0; i < DSB_PAIRING_ROLE_COUNT; i++) {
        enum dsb_pairing_role role = (enum dsb_pairing_role)i;

        if (waits_for_store(n, role, event->id_text) &&
            dsb_pairing_stored(&n->pairing, now, role, event->status) == NX_OK)
            was_wanted = true;
    }

    /* The pairing ended while it was being stored: what nobody announced is taken out again. What an
     * earlier pairing announced stays. There is a place: that of the change that is told here. */
    if (!was_wanted && event->status == NX_OK && !event->was_paired)
        (void)!dsb_registry_remove(&n->registry, event->id_text);
}

/* Every session with it, one that is ending among them: its streams would go on for as long as the
 * device likes. */
static void end_sessions(struct dsb_node *n, const char *id_text)
{
    for (uint32_t i = 0; i < n->link_count; i++) {
        struct dsb_link *link = &n->links[i];

        if (link->state == DSB_LINK_SESSION &&
            nx_bytes_equal(nx_bytes_of_text(link->info.id_text), nx_bytes_of_text(id_text)))
            dsb_mux_terminate(&link->mux, DSB_GOAWAY_UNPAIRED, "this device was unpaired");
    }
}

static void on_removed(struct dsb_node *n, struct nx_instant now,
                       const struct dsb_registry_event *event)
{
    struct dsb_node_event news = {.kind = DSB_NODE_UNPAIRED};

    if (event->status != NX_OK) {
        tell_store_failed(n, event);
        return;
    }
    (void)!dsb_discovery_unpin(&n->discovery, now, nx_bytes_of_text(event->id_text));
    end_sessions(n, event->id_text);
    name(&news, event->id_text);
    dsb_node_tell(n, &news);
}

/* The other side unpaired us: its pin is gone, and ours goes the same way. With too many changes under
 * way that is due until the registry's next news. A change of that device that is under way stands: it
 * is a removal as well, or a pairing newer than the session that told of this. */
static void unpair_in_turn(struct dsb_node *n, struct dsb_link *link)
{
    link->unpair_due = dsb_registry_remove(&n->registry, link->info.id_text) == NX_WOULD_BLOCK;
    dsb_link_wipe_when_done(link);
}

static bool retry_unpairing(struct dsb_node *n)
{
    bool moved = false;

    for (uint32_t i = 0; i < n->link_count; i++) {
        struct dsb_link *link = &n->links[i];

        if (link->state != DSB_LINK_SESSION || !link->unpair_due)
            continue;
        unpair_in_turn(n, link);
        if (!link->unpair_due)
            moved = true;
    }
    return moved;
}

static void on_registry_event(struct dsb_node *n, struct nx_instant now,
                              const struct dsb_registry_event *event)
{
    switch (event->act) {
    case DSB_REGISTRY_ADD:
        on_added(n, now, event);
        return;
    case DSB_REGISTRY_REMOVE:
        on_removed(n, now, event);
        return;
    case DSB_REGISTRY_RESET:
        if (event->status == NX_OK)
            dsb_node_mark_ready(n, now);
        break;
    case DSB_REGISTRY_BUDGETS:
    case DSB_REGISTRY_ASIDE:
        break;
    }
    n->registry_status = dsb_registry_status(&n->registry);
    if (event->status != NX_OK)
        tell_store_failed(n, event);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static bool step(struct dsb_node *n, struct nx_instant now)
{
    struct dsb_pairing_event pairing;
    struct dsb_registry_event registry;
    struct nx_store_event stored;
    bool moved = false;

    while (dsb_node_can_tell(n) && dsb_pairing_event(&n->pairing, &pairing)) {
        on_pairing_event(n, now, &pairing);
        moved = true;
    }
    while (dsb_node_can_tell(n) && dsb_registry_event(&n->registry, &registry)) {
        on_registry_event(n, now, &registry);
        moved = true;
    }
    if (n->budgets_due) {
        store_budgets(n, now);
        moved = !n->budgets_due || moved;
    }
    moved = retry_unpairing(n) || moved;
    while (nx_store_event(&n->store, &stored)) {
        if (!dsb_registry_stored(&n->registry, &stored))
            (void)dsb_v1_list_stored(&n->v1, now, &stored); /* nobody else writes here */
        moved = true;
    }
    while (dsb_registry_output(&n->registry, &n->store))
        moved = true;
    while (dsb_v1_list_output(&n->v1, &n->store))
        moved = true;
    return moved;
}

void dsb_node_work(struct dsb_node *n, struct nx_instant now)
{
    while (step(n, now)) {
    }
    dsb_discovery_set_offer_open(&n->discovery, now,
                                 dsb_pairing_state(&n->pairing, DSB_PAIRING_OWNER) !=
                                     DSB_PAIRING_CLOSED);
}

/* ---- news ---------------------------------------------------------------------------------- */

void dsb_node_on_mux_event(struct dsb_node *n, struct nx_instant now, struct dsb_link *link,
                           const struct dsb_mux_event *event)
{
    if (event->kind == DSB_MUX_ACCEPTED) {
        const struct dsb_stream *s = dsb_mux_stream(&link->mux, event->stream);

        NX_CHECK(s != NULL); /* what has news to tell has a slot */
        dsb_node_mark_open(n, now, link->info.id_text, nx_bytes_of(s->name, s->name_len));
    }
    if (event->kind != DSB_MUX_SESSION_ENDED)
        return;

    link->end_was_told = true;
    if (event->by_peer && event->code == DSB_GOAWAY_UNPAIRED)
        unpair_in_turn(n, link);
    else
        dsb_link_wipe_when_done(link);
}

static bool link_event(struct dsb_node *n, struct nx_instant now, struct dsb_node_event *event)
{
    for (uint32_t i = 0; i < n->link_count; i++) {
        uint32_t index = (n->next_event_link + i) % n->link_count;
        struct dsb_link *link = &n->links[index];

        if (link->state != DSB_LINK_SESSION || !dsb_mux_event(&link->mux, &event->mux))
            continue;

        n->next_event_link = index;
        event->kind =
            event->mux.kind == DSB_MUX_SESSION_ENDED ? DSB_NODE_SESSION_ENDED : DSB_NODE_STREAM;
        event->status = event->mux.status;
        event->session = &link->mux;
        name(event, link->info.id_text);
        dsb_node_on_mux_event(n, now, link, &event->mux);
        return true;
    }
    return false;
}

bool dsb_node_event(struct dsb_node *n, struct nx_instant now, struct dsb_node_event *event)
{
    struct dsb_discovery_event seen;

    *event = (struct dsb_node_event){0};
    if (n->news_count > 0) {
        *event = n->news[n->news_first];
        n->news_first = (n->news_first + 1) % DSB_NODE_NEWS_MAX;
        n->news_count--;
        dsb_node_work(n, now);
        return true;
    }
    if (dsb_discovery_event(&n->discovery, &seen)) {
        event->kind = DSB_NODE_DISCOVERY;
        event->discovery = seen.kind;
        name(event, seen.id);
        return true;
    }
    if (!link_event(n, now, event))
        return false;
    dsb_node_work(n, now);
    return true;
}
