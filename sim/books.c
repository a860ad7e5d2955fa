#include "sim/books.h"

#include "core/base/memory.h"

/* ---- sums ------------------------------------------------------------------------------------ */

struct sums {
    uint64_t blocks, slots, grants, growth, queues;
};

static uint64_t blocks_of(const struct nx_chain *chain, const struct nx_pool *pool)
{
    const uint64_t cap = pool->block_size - NX_CHAIN_BLOCK_HEAD;

    return chain->len == 0 ? 0 : ((uint64_t)chain->first_skip + chain->len + cap - 1) / cap;
}

static uint64_t growth_of(const struct dsb_stream *s)
{
    const uint64_t window = s->inbox.grant.used;

    return window > DSB_CREDIT_INITIAL ? window - DSB_CREDIT_INITIAL : 0;
}

static void add_session(const struct dsb_node *n, const struct dsb_mux *m, struct sums *sums)
{
    const struct nx_pool *blocks = &n->pools.blocks;
    const struct dsb_streams *t = &m->streams;
    uint32_t slot = t->all.first;

    while (slot != DSB_SLOT_NONE) {
        const struct dsb_stream *s = dsb_streams_at(t, slot);

        sums->blocks += blocks_of(&s->inbox.chain, blocks) + blocks_of(&s->outbox.chain, blocks);
        sums->slots++;
        sums->grants += s->inbox.grant.used;
        sums->growth += growth_of(s);
        sums->queues += s->outbox.queue.used;
        slot = s->links[DSB_LIST_ALL].next;
    }
}

static struct sums sums_of(const struct dsb_node *n)
{
    struct sums sums = {0};

    for (uint32_t i = 0; i < n->link_count; i++) {
        if (n->links[i].state == DSB_LINK_SESSION)
            add_session(n, &n->links[i].mux, &sums);
    }
    return sums;
}

const char *sim_books_of_pools(const struct dsb_node *n)
{
    const struct sums sums = sums_of(n);

    if (sums.blocks != n->pools.blocks.used_count)
        return "the blocks that are out are not those that streams hold";
    if (sums.slots != n->pools.streams.used_count)
        return "the slots that are out are not those that sessions hold";
    return NULL;
}

static const char *check_window(const struct dsb_stream *s)
{
    const struct dsb_inbox *in = &s->inbox;
    const uint64_t known = (uint64_t)in->credit + in->return_due + in->growth_due;

    if (known > in->grant.used)
        return "a peer may send more than was reserved for it";
    if (s->is_indexed && s->is_accepted && dsb_inbox_is_empty(in) && known != in->grant.used)
        return "credit of a stream that was read empty is lost";
    return NULL;
}

static const char *check_session(const struct dsb_node *n, const struct dsb_mux *m)
{
    struct sums sums = {0};
    uint32_t slot = m->streams.all.first;
    const char *fault = NULL;

    add_session(n, m, &sums);
    if (sums.grants != m->grants.used || sums.growth != m->growth.used)
        return "the credit of a session is not the sum of its streams'";
    if (sums.slots != m->streams.count)
        return "a session counts other streams than it has";
    while (slot != DSB_SLOT_NONE && fault == NULL) {
        const struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

        fault = check_window(s);
        slot = s->links[DSB_LIST_ALL].next;
    }
    return fault;
}

const char *sim_books_of_credit(const struct dsb_node *n)
{
    const struct sums sums = sums_of(n);

    if (sums.grants != n->pools.grants.used || sums.growth != n->pools.growth.used)
        return "the credit that is out is not the sum of the streams'";
    if (sums.queues != n->pools.queues.used)
        return "the bytes that wait are not the sum of the streams'";
    for (uint32_t i = 0; i < n->link_count; i++) {
        const char *fault = NULL;

        if (n->links[i].state == DSB_LINK_SESSION)
            fault = check_session(n, &n->links[i].mux);
        if (fault != NULL)
            return fault;
    }
    return NULL;
}

/* ---- limits ---------------------------------------------------------------------------------- */

static bool is_over(const struct nx_budget *budget, uint64_t limit)
{
    return budget->used > budget->high_water || budget->high_water > limit;
}

static bool has_stream_over(const struct dsb_profile *profile, const struct dsb_mux *m)
{
    uint32_t slot = m->streams.all.first;

    while (slot != DSB_SLOT_NONE) {
        const struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

        if (is_over(&s->inbox.grant, DSB_CREDIT_STREAM_MAX) ||
            is_over(&s->outbox.queue, profile->stream_queue_max) ||
            s->outbox.ledger.run_count > DSB_LEDGER_RUNS)
            return true;
        slot = s->links[DSB_LIST_ALL].next;
    }
    return false;
}

static const char *check_session_limits(const struct dsb_node *n, const struct dsb_mux *m)
{
    if (m->streams.count_high_water > DSB_STREAMS_PER_SESSION_MAX)
        return "a session had more streams than it may";
    if (is_over(&m->grants, DSB_CREDIT_SESSION_MAX) || is_over(&m->growth, DSB_CREDIT_GROWTH_MAX))
        return "a session gave more credit than it may";
    if (m->refusal_count > DSB_RST_WAITING_MAX)
        return "more refusals wait than may";
    if (has_stream_over(n->config.profile, m))
        return "a stream had more than it may";
    return NULL;
}

/* Sessions of one device, and links for pairing. */
static const char *check_links(const struct dsb_node *n)
{
    uint32_t pairing_count = 0;

    for (uint32_t i = 0; i < n->link_count; i++) {
        const struct dsb_link *link = &n->links[i];
        uint32_t with_peer = 0;

        if (link->state == DSB_LINK_FREE)
            continue;
        pairing_count += link->info.purpose == DSB_LINK_TO_PAIR;
        for (uint32_t k = 0; k < n->link_count; k++)
            with_peer += n->links[k].state == DSB_LINK_SESSION &&
                         memcmp(n->links[k].info.device.id, link->info.device.id, DSB_ID_LEN) == 0;
        if (with_peer > DSB_LINKS_PER_PEER_MAX)
            return "more sessions with one device than may be";
    }
    return pairing_count > DSB_PAIRING_SESSIONS_MAX ? "more links for pairing than may be" : NULL;
}

static const char *check_tables(const struct dsb_node *n)
{
    const struct dsb_profile *p = n->config.profile;

    if (dsb_registry_count(&n->registry) > p->peer_count_max ||
        n->registry.change_count > DSB_REGISTRY_CHANGES_MAX)
        return "the registry holds more than it may";
    if (n->discovery.neighbours.used_count > p->neighbour_count_max ||
        n->discovery.event_count > DSB_DISCOVERY_EVENTS_MAX)
        return "discovery holds more than it may";
    if (n->pairing.event_count > DSB_PAIRING_EVENTS_MAX ||
        n->pairing.budget.suspect_count > DSB_PAIRING_SUSPECTS_MAX)
        return "pairing holds more than it may";
    if (n->store.high_water > n->store.slot_count || n->store.used_count > n->store.slot_count)
        return "more writes wait than may";
    if (n->news_count > DSB_NODE_NEWS_MAX || n->dial_count > DSB_NODE_DIALS_MAX)
        return "more news or dials wait than may";
    return NULL;
}

const char *sim_books_of_limits(const struct dsb_node *n)
{
    const struct dsb_profile *p = n->config.profile;
    const char *fault = NULL;

    if (n->pools.blocks.high_water > n->pools.blocks.block_count ||
        n->pools.streams.high_water > p->stream_count_max)
        return "a pool gave more than it has";
    if (is_over(&n->pools.grants, p->grants_max) || is_over(&n->pools.growth, p->grants_max) ||
        is_over(&n->pools.queues, p->queues_max))
        return "a node gave or took more than its profile has";
    for (uint32_t i = 0; i < n->link_count && fault == NULL; i++) {
        if (n->links[i].state == DSB_LINK_SESSION)
            fault = check_session_limits(n, &n->links[i].mux);
    }
    if (fault == NULL)
        fault = check_links(n);
    return fault != NULL ? fault : check_tables(n);
}

const char *sim_books_of_connections(const struct dsb_connections *c)
{
    const struct dsb_gate *g = &c->gate;

    if (dsb_gate_half_open_count(g) > DSB_GATE_PLACES_MAX || g->known_count > DSB_GATE_KNOWN_MAX)
        return "the gate holds more than it may";
    for (uint32_t i = 0; i < g->source_count; i++) {
        if (g->sources[i].half_open_count > DSB_GATE_PER_SOURCE_MAX)
            return "one source has more places of the gate than it may";
    }
    for (uint32_t i = 0; i < c->used_end; i++) {
        const struct dsb_connection *conn = &c->config.places[i];

        if (conn->in_at > conn->in_len || conn->in_len > DSB_RECORD_MAX ||
            conn->out_at > conn->out_len || conn->out_len > DSB_CONNECTION_OUT_MAX)
            return "a connection holds more bytes than it may";
    }
    return c->event_count > DSB_CONNECTIONS_EVENTS_MAX ? "more news of connections wait than may"
                                                       : NULL;
}

/* ---- identity -------------------------------------------------------------------------------- */

static const char *check_bound(const struct dsb_connection *conn, const struct dsb_link *link)
{
    const struct dsb_session *s = &conn->session;
    const struct dsb_pairing_device *device = &link->info.device;
    bool is_session = link->info.purpose == DSB_LINK_TO_TALK;

    if (s->state != DSB_SESSION_UP || !s->has_attested ||
        s->terms.protocol != DSB_PROTOCOL_NATIVE || conn->has_pass)
        return "a link before its identity was bound";
    if (memcmp(s->peer.id, device->id, DSB_ID_LEN) != 0 ||
        memcmp(s->peer.ed25519, device->ed25519, NX_ED25519_PUBLIC_LEN) != 0 ||
        memcmp(s->peer_static, device->noise_static, NX_X25519_LEN) != 0)
        return "a link with another device than the one that was proved";
    if (is_session != (s->terms.purpose == DSB_PURPOSE_SESSION))
        return "a link for another purpose than the one that was asked for";
    if (is_session && !(s->we_say_paired && s->terms.peer_says_paired))
        return "a session that one side alone calls paired";
    return NULL;
}

const char *sim_books_of_identity(const struct dsb_connections *c)
{
    const struct dsb_node *n = c->config.node;
    uint32_t carried = 0, standing = 0;

    for (uint32_t i = 0; i < c->used_end; i++) {
        const struct dsb_connection *conn = &c->config.places[i];
        const char *fault = NULL;

        if (conn->state != DSB_CONNECTION_OPEN || conn->link == DSB_CONNECTION_NONE)
            continue;
        carried++;
        fault = check_bound(conn, &n->links[conn->link]);
        if (fault != NULL)
            return fault;
    }
    for (uint32_t i = 0; i < n->link_count; i++)
        standing += n->links[i].state == DSB_LINK_SESSION && !n->links[i].is_down &&
                    !dsb_mux_is_over(&n->links[i].mux);
    return standing > carried ? "a session that no connection carries" : NULL;
}

/* ---- reach ------------------------------------------------------------------------------------- */

static const char *check_wait(const struct dsb_reach_device *d, struct nx_instant now)
{
    const struct nx_instant last = nx_instant_after(now, nx_milliseconds(DSB_REACH_MAX_MS));

    return d->state == DSB_REACH_WAITING && d->due_at.ns > last.ns
               ? "a device that is wanted is not dialled again"
               : NULL;
}

const char *sim_books_of_reach(const struct dsb_connections *c, struct nx_instant now)
{
    uint32_t dials = 0, trying = 0;

    if (c->is_shut_down) /* nobody is dialled any more */
        return NULL;
    for (uint32_t i = 0; i < DSB_DIALS_MAX; i++)
        dials += c->dials[i].is_used;
    for (uint32_t i = 0; i < c->reach.count; i++) {
        const char *fault = check_wait(&c->reach.devices[i], now);

        if (fault != NULL)
            return fault;
        trying += c->reach.devices[i].state == DSB_REACH_TRYING;
    }
    if (trying != c->reach.trying_count || trying > DSB_REACH_DIALS_MAX || trying > dials)
        return "a device waits for a dial that is not under way";
    return NULL;
}

const char *sim_books(const struct dsb_connections *c, struct nx_instant now)
{
    const struct dsb_node *n = c->config.node;
    const char *fault = sim_books_of_pools(n);

    if (fault == NULL)
        fault = sim_books_of_credit(n);
    if (fault == NULL)
        fault = sim_books_of_limits(n);
    if (fault == NULL)
        fault = sim_books_of_connections(c);
    if (fault == NULL)
        fault = sim_books_of_reach(c, now);
    return fault != NULL ? fault : sim_books_of_identity(c);
}

/* ---- of two ends, and at rest ------------------------------------------------------------------ */

const char *sim_books_of_flow(const struct dsb_stream *sender, const struct dsb_stream *receiver)
{
    const uint64_t may = (uint64_t)sender->outbox.credit + sender->outbox.ledger.outstanding_cost;

    if (sender->is_indexed && receiver->is_indexed && may > receiver->inbox.grant.used)
        return "a sender has more credit than its receiver reserved";
    return NULL;
}

const char *sim_books_of_rest(const struct dsb_connections *c)
{
    const struct dsb_node *n = c->config.node;
    uint32_t links = 0, sessions = 0;

    if (n->pools.blocks.used_count > 0 || n->pools.streams.used_count > 0 ||
        n->pools.grants.used > 0 || n->pools.growth.used > 0 || n->pools.queues.used > 0)
        return "all is over, and blocks, slots or credit did not come back";
    if (!nx_store_is_idle(&n->store) || n->news_count > 0 || n->dial_count > 0)
        return "all is over, and something waits still";
    for (uint32_t i = 0; i < n->link_count; i++) {
        links += n->links[i].state != DSB_LINK_FREE;
        sessions += n->links[i].state == DSB_LINK_SESSION &&
                    dsb_node_session(c->config.node, n->links[i].info.id_text) == &n->links[i].mux;
    }
    if (links != sessions)
        return "all is over, and a link is left";
    return NULL;
}
