#include "daemons/dsoftbusd/engine.h"

#include "core/base/memory.h"
#include "core/crypto/crypto.h"
#include "daemons/dsoftbusd/internal.h"

void dsoftbusd_init(struct dsoftbusd *d, struct nx_instant now,
                    const struct dsoftbusd_config *config)
{
    memset(d, 0, offsetof(struct dsoftbusd, room));
    d->config = *config;
    d->started_at = now;
    d->may_accept = true;
    d->accept_again_at = NX_NEVER;
}

void dsoftbusd_input(struct dsoftbusd *d, const struct nx_net_event *event)
{
    if (d->config.beacons != NULL && dsb_beacons_input(d->config.beacons, event))
        return;
    (void)dsb_connections_input(d->config.connections, event); /* one that was closed meanwhile */
}

/* News of the node and of its connections, until there is none. What is done about it may leave
 * something to send. */
static void take_news(struct dsoftbusd *d, struct nx_instant now)
{
    struct dsb_node_event node;
    struct dsb_connections_event connections;

    for (;;) {
        bool has_moved = false;

        while (dsb_connections_event(d->config.connections, &connections)) {
            dsoftbusd_on_connections(d, now, &connections);
            has_moved = true;
        }
        if (dsb_node_event(d->config.node, now, &node)) {
            dsb_connections_news(d->config.connections, now, &node);
            dsoftbusd_on_node(d, now, &node);
            has_moved = true;
        }
        if (!has_moved)
            return;
        d->has_more = true;
    }
}

static void serve_clients(struct dsoftbusd *d, struct nx_instant now)
{
    struct nx_ipc_event event;

    while (nx_ipc_event(&d->config.ipc, &event))
        dsoftbusd_client_event(d, now, &event);
    dsoftbusd_accept_clients(d, now);
    dsoftbusd_served_work(d, now);
    dsoftbusd_remote_work(d, now);
    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        if (d->clients[i].is_used)
            dsoftbusd_client_work(d, now, &d->clients[i]);
    }
    dsoftbusd_drop_unserved(d);
}

/* Twice around the clients: what came from the network goes to them, and what they say goes out. What
 * the second time around changes goes out in another turn, which is due at once. */
void dsoftbusd_work(struct dsoftbusd *d, struct nx_instant now)
{
    dsb_node_tick(d->config.node, now);
    dsb_connections_work(d->config.connections, now);
    take_news(d, now);
    serve_clients(d, now);
    take_news(d, now);
    dsb_connections_work(d->config.connections, now);
    if (d->config.beacons != NULL)
        dsb_beacons_work(d->config.beacons, now);
    d->has_more = false;
    take_news(d, now);
    dsoftbusd_doctor_work(d, now);
    serve_clients(d, now);
}

struct nx_instant dsoftbusd_deadline(const struct dsoftbusd *d)
{
    struct nx_instant deadline = nx_instant_earlier(
        dsb_node_deadline(d->config.node), dsb_connections_deadline(d->config.connections));

    if (d->has_more)
        return (struct nx_instant){0};
    if (d->config.beacons != NULL)
        deadline = nx_instant_earlier(deadline, dsb_beacons_deadline(d->config.beacons));
    deadline = nx_instant_earlier(deadline, dsoftbusd_remote_deadline(d));
    deadline = nx_instant_earlier(deadline, dsoftbusd_served_deadline(d));
    deadline = nx_instant_earlier(deadline, d->accept_again_at);
    deadline = nx_instant_earlier(deadline, dsoftbusd_doctor_deadline(d));
    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        for (uint32_t k = 0; d->clients[i].is_used && k < DSOFTBUSD_CALL_SLOTS; k++) {
            if (d->clients[i].calls[k].state != DSOFTBUSD_CALL_FREE)
                deadline = nx_instant_earlier(deadline, d->clients[i].calls[k].deadline);
        }
    }
    return deadline;
}

void dsoftbusd_shut_down(struct dsoftbusd *d, struct nx_instant now)
{
    dsb_connections_shut_down(d->config.connections, now);
    dsb_node_shutdown(d->config.node, now);
    d->has_more = true;
}

bool dsoftbusd_is_idle(const struct dsoftbusd *d)
{
    return dsb_node_is_idle(d->config.node) &&
           dsb_connections_open_count(d->config.connections) == 0;
}

void dsoftbusd_wipe(struct dsoftbusd *d)
{
    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        if (d->clients[i].is_used)
            nx_ipc_close(&d->config.ipc, d->clients[i].handle);
    }
    nx_crypto_wipe(d,
                   offsetof(struct dsoftbusd, remote_messages)); /* codes are in none behind it */
}
