/* What happens, for whoever watches: one ring, of which every watching call has told up to a number. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "daemons/dsoftbusd/internal.h"

static void set(char *to, size_t cap, const char *from)
{
    struct nx_text t = nx_text_over(to, cap);

    nx_text_add(&t, from);
}

void dsoftbusd_happened(struct dsoftbusd *d, enum dsoftbusd_happening_what what,
                        const char *id_text, enum nx_status status, const char *why)
{
    struct dsoftbusd_happening *h = &d->happened[d->happened_count++ % DSOFTBUSD_HAPPENED_MAX];

    *h = (struct dsoftbusd_happening){.what = (uint8_t)what, .status = status};
    set(h->id_text, sizeof(h->id_text), id_text);
    set(h->name, sizeof(h->name), dsoftbusd_name_of(d, id_text));
    nx_why_set(&h->why, why == NULL ? "" : why);
    d->has_more = true;
}

/* ---- what tells of it ------------------------------------------------------------------------ */

static enum dsoftbusd_happening_what what_of(enum dsb_discovery_event_kind kind)
{
    switch (kind) {
    case DSB_DISCOVERY_SEEN:
        return DSOFTBUSD_HAPPENING_WHAT_SEEN;
    case DSB_DISCOVERY_CHANGED:
        return DSOFTBUSD_HAPPENING_WHAT_CHANGED;
    case DSB_DISCOVERY_GONE:
        return DSOFTBUSD_HAPPENING_WHAT_GONE;
    case DSB_DISCOVERY_KEY_CONFLICT:
        return DSOFTBUSD_HAPPENING_WHAT_KEY_CONFLICT;
    case DSB_DISCOVERY_MISSED:
        break;
    }
    return DSOFTBUSD_HAPPENING_WHAT_MISSED;
}

void dsoftbusd_happened_in_node(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    const char *id = event->id_text;

    switch (event->kind) {
    case DSB_NODE_DISCOVERY:
        dsoftbusd_happened(d, what_of(event->discovery), id, NX_OK, NULL);
        break;
    case DSB_NODE_PAIRED:
        dsoftbusd_rise(&d->waters.peers, dsb_registry_count(&d->config.node->registry));
        dsoftbusd_happened(d, DSOFTBUSD_HAPPENING_WHAT_PAIRED, id, NX_OK, NULL);
        break;
    case DSB_NODE_PAIRING_FAILED:
        dsoftbusd_happened(d, DSOFTBUSD_HAPPENING_WHAT_PAIRING_FAILED, id, event->status,
                           nx_status_text(event->status));
        break;
    case DSB_NODE_UNPAIRED:
        dsoftbusd_happened(d, DSOFTBUSD_HAPPENING_WHAT_UNPAIRED, id, NX_OK, NULL);
        break;
    case DSB_NODE_SESSION_UP:
        dsoftbusd_rise(&d->waters.sessions, dsoftbusd_session_count(d));
        dsoftbusd_happened(d, DSOFTBUSD_HAPPENING_WHAT_SESSION_UP, id, NX_OK, NULL);
        break;
    case DSB_NODE_SESSION_ENDED:
        if (event->session != NULL)
            dsoftbusd_happened(d, DSOFTBUSD_HAPPENING_WHAT_SESSION_ENDED, id, event->mux.status,
                               event->mux.why.text);
        break;
    case DSB_NODE_STORE_FAILED:
    case DSB_NODE_STREAM:
    case DSB_NODE_PAIRING_BROKEN:
        break;
    }
    dsoftbusd_rise(&d->waters.devices, dsb_discovery_count(&d->config.node->discovery));
}

void dsoftbusd_happened_in_connections(struct dsoftbusd *d,
                                       const struct dsb_connections_event *event, const char *why)
{
    if (event->refusal == DSB_REFUSAL_ONE_SIDED)
        dsoftbusd_happened(d, DSOFTBUSD_HAPPENING_WHAT_ONE_SIDED, event->id_text, NX_E_DENIED, why);
    else if (event->kind == DSB_CONNECTIONS_DIAL_FAILED)
        dsoftbusd_happened(d, DSOFTBUSD_HAPPENING_WHAT_DIAL_FAILED, event->id_text, event->status,
                           why);
    else if (event->kind == DSB_CONNECTIONS_V1_UP)
        dsoftbusd_happened(d, DSOFTBUSD_HAPPENING_WHAT_SESSION_UP, event->id_text, NX_OK, NULL);
    else if (event->kind == DSB_CONNECTIONS_V1_ENDED)
        dsoftbusd_happened(d, DSOFTBUSD_HAPPENING_WHAT_SESSION_ENDED, event->id_text, event->status,
                           event->why.text);
}

/* ---- telling it ------------------------------------------------------------------------------ */

static bool tell(struct dsoftbusd *d, struct dsoftbusd_client *client,
                 const struct dsoftbusd_call *call, const struct dsoftbusd_happening *h)
{
    const struct nx_ipc_head head = nx_ipc_news_head(&call->head);
    struct nx_capn_builder b;
    struct nx_bytes body;

    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_happening_builder news = dsoftbusd_happening_new_root(&b);
    dsoftbusd_happening_set_what(news, (enum dsoftbusd_happening_what)h->what);
    dsoftbusd_happening_set_id(news, nx_bytes_of_text(h->id_text));
    dsoftbusd_happening_set_name(news, nx_bytes_of_text(h->name));
    dsoftbusd_happening_set_status(news, h->status);
    dsoftbusd_happening_set_why(news, nx_bytes_of_text(h->why.text));
    NX_CHECK(nx_capn_builder_finish(&b, &body) == NX_OK); /* d->body holds the longest */
    return dsoftbusd_send(d, client, &head, body);
}

bool dsoftbusd_tell_happened(struct dsoftbusd *d, struct dsoftbusd_client *client,
                             struct dsoftbusd_call *call)
{
    static const struct dsoftbusd_happening watching = {.what = DSOFTBUSD_HAPPENING_WHAT_WATCHING};
    static const struct dsoftbusd_happening missed = {.what = DSOFTBUSD_HAPPENING_WHAT_MISSED};

    if (call->news_due && !tell(d, client, call, &watching))
        return false;
    call->news_due = false;
    if (d->happened_count - call->happened_next > DSOFTBUSD_HAPPENED_MAX) {
        if (!tell(d, client, call, &missed))
            return false;
        call->happened_next = d->happened_count - DSOFTBUSD_HAPPENED_MAX;
    }
    for (; call->happened_next < d->happened_count; call->happened_next++) {
        if (!tell(d, client, call, &d->happened[call->happened_next % DSOFTBUSD_HAPPENED_MAX]))
            return false;
    }
    return true;
}
