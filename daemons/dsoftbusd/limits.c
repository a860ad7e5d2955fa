/* How much of each limit is used: the figures of `nx limits`. */
#include "core/base/text.h"
#include "daemons/dsoftbusd/internal.h"

struct row {
    const char *scope, *name;
    uint64_t limit, used;
    uint64_t high_water; /* NO_WATER: nobody counts it */
    const char *option;
};

#define NO_WATER UINT64_MAX

/* ---- counting -------------------------------------------------------------------------------- */

uint32_t dsoftbusd_session_count(const struct dsoftbusd *d)
{
    const struct dsb_connections *c = d->config.connections;
    uint32_t count = 0;

    for (uint32_t i = 0; i < c->used_end; i++) {
        const struct dsb_connection *conn = &c->config.places[i];

        count += conn->state == DSB_CONNECTION_OPEN &&
                 conn->session.terms.purpose == DSB_PURPOSE_SESSION &&
                 (conn->is_v1_up || conn->link != DSB_CONNECTION_NONE);
    }
    return count;
}

uint32_t dsoftbusd_client_count(const struct dsoftbusd *d)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++)
        count += d->clients[i].is_used;
    return count;
}

uint32_t dsoftbusd_stream_count(const struct dsoftbusd *d)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++)
        count += d->clients[i].is_used && d->clients[i].stream.is_open;
    return count;
}

static uint32_t call_count(const struct dsoftbusd *d)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        uint32_t count = 0;

        for (uint32_t k = 0; d->clients[i].is_used && k < DSOFTBUSD_CALL_SLOTS; k++)
            count += d->clients[i].calls[k].state != DSOFTBUSD_CALL_FREE;
        most = count > most ? count : most;
    }
    return most;
}

static uint32_t remote_count(const struct dsoftbusd *d)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < DSOFTBUSD_REMOTES_MAX; i++)
        count += d->remotes[i].is_used;
    return count;
}

static uint32_t served_count(const struct dsoftbusd *d)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < DSOFTBUSD_SERVED_MAX; i++)
        count += d->served[i].is_used;
    return count;
}

static uint32_t slots_used(const uint32_t left_ms[DSB_PAIRING_SLOTS])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < DSB_PAIRING_SLOTS; i++)
        count += left_ms[i] > 0;
    return count;
}

static uint32_t half_open_count(const struct dsb_gate *gate)
{
    return gate->half_open_count[0] + gate->half_open_count[1];
}

/* What there is now may be the most so far, where nothing told of it: a registry that was loaded. */
static void rise(struct dsoftbusd *d)
{
    dsoftbusd_rise(&d->waters.peers, dsb_registry_count(&d->config.node->registry));
    dsoftbusd_rise(&d->waters.devices, dsb_discovery_count(&d->config.node->discovery));
    dsoftbusd_rise(&d->waters.sessions, dsoftbusd_session_count(d));
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void put_row(struct dsoftbusd_limit_builder b, const struct row *row)
{
    dsoftbusd_limit_set_scope(b, nx_bytes_of_text(row->scope));
    dsoftbusd_limit_set_name(b, nx_bytes_of_text(row->name));
    dsoftbusd_limit_set_limit(b, row->limit);
    dsoftbusd_limit_set_used(b, row->used);
    dsoftbusd_limit_set_has_high_water(b, row->high_water != NO_WATER);
    dsoftbusd_limit_set_high_water(b, row->high_water == NO_WATER ? 0 : row->high_water);
    dsoftbusd_limit_set_option(b, nx_bytes_of_text(row->option));
}

struct nx_bytes dsoftbusd_limits_body(struct dsoftbusd *d, struct nx_instant now)
{
    const struct dsb_node *node = d->config.node;
    const struct dsb_profile *profile = node->config.profile;
    const struct dsb_pools *pools = &node->pools;
    const struct dsoftbusd_waters *most = &d->waters;
    struct dsb_pairing_budget_saved spent;

    rise(d);
    dsb_pairing_budget_export(&node->pairing.budget, now, &spent);
    const struct row rows[] = {
        {"programs", "programs at once", NX_IPC_CLIENTS_MAX, dsoftbusd_client_count(d),
         most->clients, ""},
        {"programs", "calls of one program", DSOFTBUSD_CALLS_MAX, call_count(d), most->calls, ""},
        {"programs", "streams of programs", NX_IPC_CLIENTS_MAX, dsoftbusd_stream_count(d),
         most->streams, ""},
        {"devices", "paired devices", profile->peer_count_max, dsb_registry_count(&node->registry),
         most->peers, ""},
        {"devices", "devices around", profile->neighbour_count_max,
         dsb_discovery_count(&node->discovery), most->devices, ""},
        {"sessions", "sessions", profile->link_count_max, dsoftbusd_session_count(d),
         most->sessions, ""},
        {"sessions", "half-open handshakes", DSB_GATE_PLACES_MAX,
         half_open_count(&d->config.connections->gate), NO_WATER, ""},
        {"sessions", "addresses listened at", DSB_LISTENERS_MAX, d->config.listen_count, NO_WATER,
         "--listen"},
        {"sessions", "v1 nodes allowed", DSB_V1_ALLOWED_MAX, node->v1.allowed_count, NO_WATER,
         "--allow-v1"},
        {"streams", "streams of all sessions", pools->streams.block_count,
         pools->streams.used_count, pools->streams.high_water, ""},
        {"streams", "credit granted, bytes", pools->grants.limit, pools->grants.used,
         pools->grants.high_water, ""},
        {"streams", "accepted and unsent, bytes", pools->queues.limit, pools->queues.used,
         pools->queues.high_water, ""},
        {"streams", "blocks of the pool", pools->blocks.block_count, pools->blocks.used_count,
         pools->blocks.high_water, ""},
        {"calls", "services of peers called", DSOFTBUSD_REMOTES_MAX, remote_count(d), NO_WATER, ""},
        {"calls", "streams where peers call", DSOFTBUSD_SERVED_MAX, served_count(d), NO_WATER, ""},
        {"pairing", "offers in an hour", DSB_PAIRING_OFFERS_PER_HOUR,
         slots_used(spent.act_ms[DSB_PAIRING_ACT_OFFER]), NO_WATER, ""},
        {"pairing", "accepts in an hour", DSB_PAIRING_ACCEPTS_PER_HOUR,
         slots_used(spent.act_ms[DSB_PAIRING_ACT_ACCEPT]), NO_WATER, ""},
        {"pairing", "failed codes in an hour", DSB_PAIRING_FAILED_PER_HOUR,
         slots_used(spent.failed_ms), NO_WATER, ""},
    };
    struct nx_capn_builder b;
    struct nx_bytes body;

    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_limits_builder limits = dsoftbusd_limits_new_root(&b);
    struct nx_capn_list_builder list =
        dsoftbusd_limits_init_limits(limits, (uint32_t)NX_COUNT_OF(rows));
    for (uint32_t i = 0; i < NX_COUNT_OF(rows); i++)
        put_row(dsoftbusd_limit_edit_at(list, i), &rows[i]);
    NX_CHECK(nx_capn_builder_finish(&b, &body) == NX_OK); /* d->body holds the longest */
    return body;
}
