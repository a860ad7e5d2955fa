/* Links and dials of a node. */
#include "core/base/memory.h"
#include "core/crypto/crypto.h"
#include "core/node/judge.h"
#include "core/node/node_internal.h"

static bool same_text(const char *a, const char *b)
{
    return nx_bytes_equal(nx_bytes_of_text(a), nx_bytes_of_text(b));
}

static void copy_id_text(char to[DSB_ID_TEXT_MAX + 1], const char *from)
{
    memcpy(to, from, nx_bytes_of_text(from).len + 1); /* ids are checked before they come here */
}

/* ---- dials --------------------------------------------------------------------------------- */

bool dsb_node_ask_to_dial(struct dsb_node *n, const char *id_text)
{
    for (uint32_t i = 0; i < n->dial_count; i++) {
        if (same_text(n->dials[i].id_text, id_text))
            return true;
    }
    if (n->dial_count == DSB_NODE_DIALS_MAX)
        return false;

    struct dsb_node_dial *dial = &n->dials[n->dial_count++];
    dial->purpose = DSB_LINK_TO_TALK;
    copy_id_text(dial->id_text, id_text);
    return true;
}

bool dsb_node_dial(struct dsb_node *n, struct dsb_node_dial *dial)
{
    const struct dsb_pairing_peer *typed = dsb_pairing_to_dial(&n->pairing);

    if (typed != NULL && !n->pair_dial_given) {
        n->pair_dial_given = true;
        dial->purpose = DSB_LINK_TO_PAIR;
        copy_id_text(dial->id_text, typed->id_text);
        return true;
    }
    if (n->dial_count == 0)
        return false;

    *dial = n->dials[0];
    n->dial_count--;
    memmove(&n->dials[0], &n->dials[1], n->dial_count * sizeof(n->dials[0]));
    return true;
}

void dsb_node_dial_failed(struct dsb_node *n, struct nx_instant now,
                          const struct dsb_node_dial *dial, enum nx_status why)
{
    if (dial->purpose == DSB_LINK_TO_PAIR) {
        dsb_pairing_cancel(&n->pairing, now, DSB_PAIRING_TYPIST, why);
        dsb_node_work(n, now);
        return;
    }

    struct dsb_node_event event = {.kind = DSB_NODE_SESSION_ENDED, .status = why};
    copy_id_text(event.id_text, dial->id_text);
    event.mux = (struct dsb_mux_event){.kind = DSB_MUX_SESSION_ENDED, .status = why};
    nx_why_set(&event.mux.why, nx_status_text(why));
    if (n->news_count <
        DSB_NODE_NEWS_MAX) /* an owner that takes none of its news has all there is */
        dsb_node_tell(n, &event);
}

/* ---- links --------------------------------------------------------------------------------- */

enum nx_status dsb_node_knows(const struct dsb_node *n, const struct dsb_pairing_device *device)
{
    const struct dsb_peer *peer = dsb_registry_find(&n->registry, device->id);

    if (peer == NULL)
        return NX_E_NOT_FOUND;
    if (!nx_crypto_equal(peer->ed25519, device->ed25519, sizeof(peer->ed25519)) ||
        !nx_crypto_equal(peer->noise_static, device->noise_static, sizeof(peer->noise_static)))
        return NX_E_IDENTITY;
    return NX_OK;
}

static struct dsb_link *free_link(const struct dsb_node *n)
{
    for (uint32_t i = 0; i < n->link_count; i++) {
        if (n->links[i].state == DSB_LINK_FREE)
            return &n->links[i];
    }
    return NULL;
}

static bool is_with(const struct dsb_link *link, const uint8_t id[DSB_ID_LEN])
{
    return memcmp(link->info.device.id, id, DSB_ID_LEN) == 0;
}

static uint32_t pairing_link_count(const struct dsb_node *n)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < n->link_count; i++)
        count += n->links[i].state != DSB_LINK_FREE && n->links[i].info.purpose == DSB_LINK_TO_PAIR;
    return count;
}

/* For sessions with this device, those that are only being closed among them. */
static uint32_t peer_link_count(const struct dsb_node *n, const uint8_t id[DSB_ID_LEN])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < n->link_count; i++)
        count += n->links[i].state != DSB_LINK_FREE &&
                 n->links[i].info.purpose == DSB_LINK_TO_TALK && is_with(&n->links[i], id);
    return count;
}

struct dsb_link *dsb_node_session_link(struct dsb_node *n, const char *id_text)
{
    struct dsb_link *newest = NULL;

    for (uint32_t i = 0; i < n->link_count; i++) {
        struct dsb_link *link = &n->links[i];

        if (link->state == DSB_LINK_SESSION && link->mux.state == DSB_MUX_ACTIVE &&
            same_text(link->info.id_text, id_text) &&
            (newest == NULL || link->number > newest->number))
            newest = link;
    }
    return newest;
}

static void begin_pairing(struct dsb_node *n, struct nx_instant now, struct dsb_link *link,
                          const struct dsb_link_info *info)
{
    enum dsb_pairing_role role = info->is_initiator ? DSB_PAIRING_TYPIST : DSB_PAIRING_OWNER;
    enum nx_status status = dsb_pairing_begin(&n->pairing, now, role, &info->device, info->channel);

    if (status == NX_OK)
        dsb_link_begin_pairing(link, info);
    else
        dsb_link_begin_refusal(link, info, status);
}

/* ---- of the sessions with one device one stays (docs/contracts/wire.md §2.1) ------------------- */

/* The session with this device behind `after`, NULL for the first, in which something still goes on;
 * NULL: there is none. */
static struct dsb_link *next_live(const struct dsb_node *n, const uint8_t id[DSB_ID_LEN],
                                  const struct dsb_link *after)
{
    for (uint32_t i = after == NULL ? 0 : (uint32_t)(after - n->links) + 1; i < n->link_count;
         i++) {
        struct dsb_link *link = &n->links[i];

        if (link->state == DSB_LINK_SESSION && link->mux.state != DSB_MUX_OVER && is_with(link, id))
            return link;
    }
    return NULL;
}

/* Did the side of the smaller id dial it? Both sides see that alike, whatever came first to whom. */
static bool is_of_smaller(const struct dsb_node *n, const struct dsb_link_info *info)
{
    bool we_are_smaller = memcmp(n->config.device.id, info->device.id, DSB_ID_LEN) < 0;

    return we_are_smaller == info->is_initiator;
}

/* Both sides dialled, and the other one's stays: it is asked for a sign of life, since it may be dead
 * below and the new one the attempt to mend that. */
static bool loses(struct dsb_node *n, struct nx_instant now, const struct dsb_link_info *info)
{
    bool has_lost = false;

    if (is_of_smaller(n, info))
        return false;
    for (struct dsb_link *old = next_live(n, info->device.id, NULL); old != NULL;
         old = next_live(n, info->device.id, old)) {
        if (old->mux.state != DSB_MUX_ACTIVE || old->info.is_initiator == info->is_initiator)
            continue;
        dsb_mux_doubt(&old->mux, now);
        has_lost = true;
    }
    return has_lost;
}

/* A new session takes the place of an older one. Of two that the same side dialled the one who was
 * dialled says which is the older: it has seen both before the dialler hears of either. */
static void give_way(struct nx_instant now, struct dsb_link *old, const struct dsb_link_info *info)
{
    if (old->info.is_initiator != info->is_initiator)
        (void)!dsb_mux_shutdown(&old->mux, DSB_GOAWAY_DUPLICATE, "another session stays");
    else if (!info->is_initiator)
        (void)!dsb_mux_shutdown(&old->mux, DSB_GOAWAY_REPLACED, "a newer session takes its place");
    else
        dsb_mux_doubt(&old->mux, now);
}

/* One that goes on for the sake of its streams may stay beside the new one, and no second. */
static void make_room(struct dsb_node *n, const uint8_t id[DSB_ID_LEN])
{
    for (;;) {
        struct dsb_link *oldest = next_live(n, id, NULL);
        uint32_t count = 0;

        for (struct dsb_link *link = oldest; link != NULL; link = next_live(n, id, link)) {
            oldest = link->number < oldest->number ? link : oldest;
            count++;
        }
        if (count < 2)
            return;
        dsb_mux_terminate(&oldest->mux, DSB_GOAWAY_REPLACED, "newer sessions take its place");
    }
}

static void begin_session(struct dsb_node *n, struct nx_instant now, struct dsb_link *link,
                          const struct dsb_link_info *info)
{
    struct dsb_node_event event = {.kind = DSB_NODE_SESSION_UP, .session = &link->mux};

    if (loses(n, now, info)) {
        dsb_link_begin_refusal(link, info, NX_E_EXISTS);
        return;
    }
    for (struct dsb_link *old = next_live(n, info->device.id, NULL); old != NULL;
         old = next_live(n, info->device.id, old)) {
        if (old->mux.state == DSB_MUX_ACTIVE)
            give_way(now, old, info);
    }
    make_room(n, info->device.id);

    dsb_link_begin_session(link, now, info, &n->pools);
    copy_id_text(event.id_text, info->id_text);
    dsb_node_tell(n, &event);
}

/* ---- a link from its beginning to its end ----------------------------------------------------- */

enum dsb_node_room dsb_node_room_for(const struct dsb_node *n, enum dsb_link_purpose purpose,
                                     const uint8_t id[DSB_ID_LEN])
{
    if (free_link(n) == NULL)
        return DSB_NODE_NO_LINK;
    if (purpose == DSB_LINK_TO_TALK && peer_link_count(n, id) >= DSB_LINKS_PER_PEER_MAX)
        return DSB_NODE_NO_LINK_OF_PEER;
    if (purpose == DSB_LINK_TO_PAIR && pairing_link_count(n) >= DSB_PAIRING_SESSIONS_MAX)
        return DSB_NODE_NO_LINK_OF_PAIRING;
    return dsb_node_can_tell(n) ? DSB_NODE_ROOM : DSB_NODE_NO_NEWS;
}

/* Is there room for one more link? */
static enum nx_status check_room(struct dsb_node *n, const struct dsb_link_info *info)
{
    switch (dsb_node_room_for(n, info->purpose, info->device.id)) {
    case DSB_NODE_ROOM:
        break;
    case DSB_NODE_NO_LINK:
        return dsb_node_over(n, "links in use", n->link_count, n->link_count + 1u);
    case DSB_NODE_NO_LINK_OF_PEER:
        return dsb_node_over(n, "links of one device", DSB_LINKS_PER_PEER_MAX,
                             DSB_LINKS_PER_PEER_MAX + 1);
    case DSB_NODE_NO_LINK_OF_PAIRING:
        return dsb_node_over(n, "links for pairing", DSB_PAIRING_SESSIONS_MAX,
                             DSB_PAIRING_SESSIONS_MAX + 1);
    case DSB_NODE_NO_NEWS:
        return dsb_node_over(n, "pieces of news that nobody takes",
                             DSB_NODE_NEWS_MAX - DSB_NODE_DIALS_MAX, n->news_count + 1u);
    }
    return NX_OK;
}

enum nx_status dsb_node_link_up(struct dsb_node *n, struct nx_instant now,
                                const struct dsb_link_info *info, uint32_t *link)
{
    enum nx_status known = dsb_node_knows(n, &info->device);

    dsb_node_attested(n, now, info->device.id);
    if (n->is_shut_down)
        return NX_E_BUSY;
    if (known == NX_E_IDENTITY)
        return known;
    if (info->purpose == DSB_LINK_TO_TALK && known != NX_OK)
        return NX_E_DENIED;
    enum nx_status status = check_room(n, info);
    if (status != NX_OK)
        return status;

    struct dsb_link *fresh = free_link(n);
    if (info->purpose == DSB_LINK_TO_PAIR)
        begin_pairing(n, now, fresh, info);
    else
        begin_session(n, now, fresh, info);
    fresh->number = ++n->links_begun;
    *link = (uint32_t)(fresh - n->links);
    dsb_node_work(n, now);
    return NX_OK;
}

enum nx_status dsb_node_link_input(struct dsb_node *n, struct nx_instant now, uint32_t link,
                                   struct nx_bytes in, size_t *used)
{
    NX_CHECK(link < n->link_count);

    enum nx_status status = dsb_link_input(&n->links[link], now, &n->pairing, in, used);
    dsb_node_work(n, now);
    return status;
}

bool dsb_node_link_output(struct dsb_node *n, uint32_t link, struct nx_writer *out)
{
    NX_CHECK(link < n->link_count);
    return dsb_link_output(&n->links[link], &n->pairing, out);
}

void dsb_node_link_broken(struct dsb_node *n, struct nx_instant now, uint32_t link,
                          enum nx_status status, const char *why)
{
    NX_CHECK(link < n->link_count && n->links[link].state != DSB_LINK_FREE);
    dsb_link_break(&n->links[link], now, &n->pairing, status, why);
    dsb_node_work(n, now);
}

bool dsb_node_link_is_over(const struct dsb_node *n, uint32_t link)
{
    NX_CHECK(link < n->link_count);

    const struct dsb_link *l = &n->links[link];
    if (l->state == DSB_LINK_SESSION)
        return dsb_mux_is_over(&l->mux);
    return l->state == DSB_LINK_OVER;
}

void dsb_node_link_down(struct dsb_node *n, struct nx_instant now, uint32_t link)
{
    NX_CHECK(link < n->link_count && n->links[link].state != DSB_LINK_FREE);

    struct dsb_link *l = &n->links[link];
    dsb_link_cut(l, now, &n->pairing);
    l->is_down = true;
    if (l->info.purpose == DSB_LINK_TO_PAIR && l->info.is_initiator)
        n->pair_dial_given = false; /* an accept that is open still dials again */
    if (l->state == DSB_LINK_SESSION)
        dsb_link_wipe_when_done(l);
    else
        dsb_link_wipe(l);
    dsb_node_work(n, now);
}
