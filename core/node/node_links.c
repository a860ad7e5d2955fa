/* Links and dials of a node. */
#include "core/base/memory.h"
#include "core/crypto/crypto.h"
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

static struct dsb_link *free_link(struct dsb_node *n)
{
    for (uint32_t i = 0; i < n->link_count; i++) {
        if (n->links[i].state == DSB_LINK_FREE)
            return &n->links[i];
    }
    return NULL;
}

static uint32_t pairing_link_count(const struct dsb_node *n)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < n->link_count; i++)
        count += n->links[i].state != DSB_LINK_FREE && n->links[i].info.purpose == DSB_LINK_TO_PAIR;
    return count;
}

struct dsb_link *dsb_node_session_link(struct dsb_node *n, const char *id_text)
{
    for (uint32_t i = 0; i < n->link_count; i++) {
        struct dsb_link *link = &n->links[i];

        if (link->state == DSB_LINK_SESSION && link->mux.state == DSB_MUX_ACTIVE &&
            same_text(link->info.id_text, id_text))
            return link;
    }
    return NULL;
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

static void begin_session(struct dsb_node *n, struct nx_instant now, struct dsb_link *link,
                          const struct dsb_link_info *info)
{
    struct dsb_node_event event = {.kind = DSB_NODE_SESSION_UP};

    dsb_link_begin_session(link, now, info, &n->pools);
    copy_id_text(event.id_text, info->id_text);
    dsb_node_tell(n, &event);
}

/* Is there room for one more link? */
static enum nx_status check_room(struct dsb_node *n, enum dsb_link_purpose purpose)
{
    if (free_link(n) == NULL)
        return dsb_node_over(n, "links in use", n->link_count, n->link_count + 1u);
    if (!dsb_node_can_tell(n))
        return dsb_node_over(n, "pieces of news that nobody takes",
                             DSB_NODE_NEWS_MAX - DSB_NODE_DIALS_MAX, n->news_count + 1u);
    if (purpose == DSB_LINK_TO_PAIR && pairing_link_count(n) >= DSB_PAIRING_SESSIONS_MAX)
        return dsb_node_over(n, "links for pairing", DSB_PAIRING_SESSIONS_MAX,
                             DSB_PAIRING_SESSIONS_MAX + 1);
    return NX_OK;
}

enum nx_status dsb_node_link_up(struct dsb_node *n, struct nx_instant now,
                                const struct dsb_link_info *info, uint32_t *link)
{
    enum nx_status known = dsb_node_knows(n, &info->device);

    if (known == NX_E_IDENTITY)
        return known;
    if (info->purpose == DSB_LINK_TO_TALK && known != NX_OK)
        return NX_E_DENIED;
    enum nx_status status = check_room(n, info->purpose);
    if (status != NX_OK)
        return status;

    struct dsb_link *fresh = free_link(n);
    if (info->purpose == DSB_LINK_TO_PAIR)
        begin_pairing(n, now, fresh, info);
    else
        begin_session(n, now, fresh, info);
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
    if (l->info.purpose == DSB_LINK_TO_PAIR)
        dsb_link_wipe(l);
    else
        dsb_link_wipe_when_done(l);
    dsb_node_work(n, now);
}
