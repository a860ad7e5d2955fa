/* News of the node and of the connections, and the calls that wait for them. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "daemons/dsoftbusd/internal.h"

/* Every call about this device, of this operation or of any that waits for a session. */
static void finish_calls(struct dsoftbusd *d, uint16_t operation, const char *id_text,
                         enum nx_status status, const char *why)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (dsoftbusd_is_about(call, operation, id_text))
            dsoftbusd_done(call, status, why);
    }
}

static uint16_t operation_of(enum dsb_pairing_role role)
{
    return role == DSB_PAIRING_OWNER ? DSOFTBUSD_OPERATION_OFFER : DSOFTBUSD_OPERATION_ACCEPT;
}

/* What a person can do about it, where there is something. */
static const char *why_pairing_failed(const struct dsb_node_event *event)
{
    bool is_owner = event->role == DSB_PAIRING_OWNER;

    if (event->status == NX_E_DENIED && !event->is_spent)
        return "that device has no open offer for this one: begin there, with nx bus pair offer";
    if (event->status == NX_E_DENIED)
        return is_owner ? "wrong digits were typed there, and these are used up: offer new ones"
                        : "the digits were wrong, and are used up: have new ones offered there";
    if (event->status == NX_E_TIMEOUT)
        return is_owner ? "nobody typed the digits in time: offer new ones"
                        : "it took too long: have new digits offered there";
    if (event->status == NX_E_ABORTED)
        return is_owner ? "it was called off: offer new digits"
                        : "it was called off: have new digits offered there";
    if (event->status == NX_E_BUSY)
        return "the other device is pairing with another one: try again in a minute";
    if (event->status == NX_E_IO)
        return "the other device could not store it: see nx status there";
    return nx_status_text(event->status);
}

/* What is known about the failure that a pairing's call is about to hear of. */
static void note_why(struct dsoftbusd *d, const char *id_text, const struct nx_why *why)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (dsoftbusd_is_about(call, DSOFTBUSD_OPERATION_OFFER, id_text) ||
            dsoftbusd_is_about(call, DSOFTBUSD_OPERATION_ACCEPT, id_text))
            call->why = *why;
    }
}

static void on_pairing_failed(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    struct dsoftbusd_call *call = NULL;

    if (d->taken_back[event->role] > 0) {
        d->taken_back[event->role]--;
        return;
    }
    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        struct nx_why why;
        struct nx_text t = nx_text_over(why.text, sizeof(why.text));

        if (!dsoftbusd_is_about(call, operation_of(event->role), event->id_text))
            continue;
        nx_text_add(&t, call->why.text[0] != '\0' ? call->why.text : why_pairing_failed(event));
        if (call->why.text[0] != '\0' && event->is_spent)
            nx_text_add(&t, "; these digits are used up");
        dsoftbusd_done(call, event->status, why.text);
        call->is_spent = event->is_spent;
    }
}

/* It is not one-sided any more, whatever it is instead. */
static void agree(struct dsoftbusd *d, const char *id_text)
{
    for (uint32_t i = 0; i < d->end_count; i++) {
        if (nx_bytes_equal(nx_bytes_of_text(d->ends[i].id_text), nx_bytes_of_text(id_text)))
            d->ends[i].is_one_sided = false;
    }
}

/* Whichever of the two sides it was that did it: one that was open beside it is over as well, and nothing
 * else tells of that. */
static void on_paired(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    finish_calls(d, DSOFTBUSD_OPERATION_OFFER, event->id_text, NX_OK, NULL);
    finish_calls(d, DSOFTBUSD_OPERATION_ACCEPT, event->id_text, NX_OK, NULL);
    agree(d, event->id_text);
}

/* A session stands: what waited for it goes on. */
static void on_session_up(struct dsoftbusd *d, struct nx_instant now, const char *id_text)
{
    struct dsoftbusd_call *call = NULL;

    finish_calls(d, DSOFTBUSD_OPERATION_CONNECT, id_text, NX_OK, NULL);
    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->mux != NULL)
            continue;
        if (dsoftbusd_is_about(call, DSOFTBUSD_OPERATION_PING, id_text))
            dsoftbusd_start_ping(d, now, call);
        else if (dsoftbusd_is_about(call, DSOFTBUSD_OPERATION_OPEN, id_text))
            dsoftbusd_stream_open(d, now, call);
        else if (call->remote == NULL &&
                 dsoftbusd_is_about(call, DSOFTBUSD_OPERATION_CALL, id_text))
            dsoftbusd_remote_start(d, now, call);
    }
    agree(d, id_text);
}

static void on_dial_failed(struct dsoftbusd *d, const char *id_text, enum nx_status status,
                           const char *why)
{
    struct dsoftbusd_call *call = NULL;

    finish_calls(d, DSOFTBUSD_OPERATION_CONNECT, id_text, status, why);
    finish_calls(d, DSOFTBUSD_OPERATION_CONNECT_V1, id_text, status, why);
    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->mux == NULL && call->remote == NULL &&
            (dsoftbusd_is_about(call, DSOFTBUSD_OPERATION_PING, id_text) ||
             dsoftbusd_is_about(call, DSOFTBUSD_OPERATION_OPEN, id_text) ||
             dsoftbusd_is_about(call, DSOFTBUSD_OPERATION_CALL, id_text)))
            dsoftbusd_done(call, status, why);
    }
}

static bool is_peer(const struct dsoftbusd *d, const char *id_text)
{
    return dsb_registry_find_text(&d->config.node->registry, id_text) != NULL;
}

/* The oldest, of strangers or of anybody; NULL: none. */
static struct dsoftbusd_last_end *oldest_end(struct dsoftbusd *d, bool of_strangers)
{
    struct dsoftbusd_last_end *oldest = NULL;

    for (uint32_t i = 0; i < d->end_count; i++) {
        struct dsoftbusd_last_end *end = &d->ends[i];

        if ((!of_strangers || !is_peer(d, end->id_text)) &&
            (oldest == NULL || end->at.ns < oldest->at.ns))
            oldest = end;
    }
    return oldest;
}

/* What is known of this device; a stranger finds no place where that would be a peer's. NULL: none. */
static struct dsoftbusd_last_end *end_of(struct dsoftbusd *d, const char *id_text)
{
    struct dsoftbusd_last_end *end;

    for (uint32_t i = 0; i < d->end_count; i++) {
        if (nx_bytes_equal(nx_bytes_of_text(d->ends[i].id_text), nx_bytes_of_text(id_text)))
            return &d->ends[i];
    }
    if (d->end_count < NX_COUNT_OF(d->ends))
        end = &d->ends[d->end_count++];
    else
        end = oldest_end(d, true);
    if (end == NULL && is_peer(d, id_text))
        end = oldest_end(d, false);
    if (end == NULL)
        return NULL;
    *end = (struct dsoftbusd_last_end){0};
    memcpy(end->id_text, id_text, nx_bytes_of_text(id_text).len + 1);
    return end;
}

static void on_session_ended(struct dsoftbusd *d, struct nx_instant now,
                             const struct dsb_node_event *event)
{
    struct dsoftbusd_call *call = NULL;

    if (event->session == NULL) { /* a dial failed, and the connections have said why */
        on_dial_failed(d, event->id_text, event->status, event->mux.why.text);
        return;
    }
    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->mux == event->session) {
            call->mux = NULL;
            dsoftbusd_done(call, NX_E_CLOSED, "the session ended");
        }
    }

    struct dsoftbusd_last_end *end = end_of(d, event->id_text);
    if (end == NULL)
        return; /* it was unpaired */
    end->end = event->mux;
    end->at = now;
}

static void on_pong(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->mux != event->session || call->head.operation != DSOFTBUSD_OPERATION_PING)
            continue;
        call->mux = NULL;
        call->round_trip = event->mux.round_trip;
        dsoftbusd_done(call, NX_OK, NULL);
    }
}

static void on_change(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    struct dsb_discovery_event change = {.kind = event->discovery};
    struct dsoftbusd_call *call = NULL;

    memcpy(change.id, event->id_text, sizeof(change.id));
    for (int i = 0; i < 2; i++) { /* while it is told the list, it is told changes after that */
        call = NULL;
        while ((call = dsoftbusd_next_call(
                    d, call, i == 0 ? DSOFTBUSD_CALL_LISTS : DSOFTBUSD_CALL_WATCHES)) != NULL) {
            if (!call->watches)
                continue;
            if (call->change_count == DSOFTBUSD_NEWS_MAX)
                call->has_missed = true;
            else
                call->changes[(call->change_first + call->change_count++) % DSOFTBUSD_NEWS_MAX] =
                    change;
        }
    }
}

void dsoftbusd_on_node(struct dsoftbusd *d, struct nx_instant now,
                       const struct dsb_node_event *event)
{
    dsoftbusd_doctor_on_node(d, now, event);
    dsoftbusd_happened_in_node(d, event);
    switch (event->kind) {
    case DSB_NODE_DISCOVERY:
        on_change(d, event);
        break;
    case DSB_NODE_PAIRED:
        on_paired(d, event);
        break;
    case DSB_NODE_PAIRING_FAILED:
        on_pairing_failed(d, event);
        break;
    case DSB_NODE_UNPAIRED:
        agree(d, event->id_text);
        finish_calls(d, DSOFTBUSD_OPERATION_UNPAIR, event->id_text, NX_OK, NULL);
        break;
    case DSB_NODE_STORE_FAILED:
        finish_calls(d, DSOFTBUSD_OPERATION_UNPAIR, event->id_text, event->status, event->why.text);
        note_why(d, event->id_text, &event->why);
        break;
    case DSB_NODE_SESSION_UP:
        on_session_up(d, now, event->id_text);
        break;
    case DSB_NODE_SESSION_ENDED:
        on_session_ended(d, now, event);
        break;
    case DSB_NODE_STREAM:
        if (event->mux.kind == DSB_MUX_PONG)
            on_pong(d, event);
        else
            dsoftbusd_on_stream(d, now, event);
        break;
    case DSB_NODE_PAIRING_BROKEN:
        break;
    }
}

/* "<address>: <why>", and what a refusal means. */
static void say_why(const struct dsb_connections_event *event, struct nx_why *why)
{
    static const char *const meaning[] = {
        [DSB_REFUSAL_NONE] = NULL,
        [DSB_REFUSAL_UNKNOWN] = "it is not paired with this device",
        [DSB_REFUSAL_ONE_SIDED] = "only one of the two devices is paired: pair them again",
        [DSB_REFUSAL_IDENTITY] = "it has other keys pinned for this device",
        [DSB_REFUSAL_DENIED] = "it does not let us in",
        [DSB_REFUSAL_BUSY] = "it is busy with another one",
        [DSB_REFUSAL_LIMIT] = "it is full",
        [DSB_REFUSAL_V1] = "it does not serve this device as a v1 node",
    };
    char address[NX_ADDRESS_TEXT_CAP];
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    if (event->address.family != NX_ADDRESS_NONE) {
        nx_address_print(&event->address, address);
        nx_text_add(&t, address);
        nx_text_add(&t, ": ");
    }
    nx_text_add(&t, meaning[event->refusal] != NULL ? meaning[event->refusal] : event->why.text);
}

static void on_one_sided(struct dsoftbusd *d, struct nx_instant now, const char *id_text)
{
    struct dsoftbusd_last_end *end = end_of(d, id_text);

    if (end == NULL)
        return;
    end->is_one_sided = true;
    end->at = end->at.ns == 0 ? now : end->at;
}

void dsoftbusd_on_connections(struct dsoftbusd *d, struct nx_instant now,
                              const struct dsb_connections_event *event)
{
    struct nx_why why = {{0}};

    dsoftbusd_doctor_on_connections(d, now, event);
    if (event->refusal == DSB_REFUSAL_ONE_SIDED)
        on_one_sided(d, now, event->id_text);
    else if (event->refusal != DSB_REFUSAL_NONE)
        agree(d, event->id_text);
    if (event->kind == DSB_CONNECTIONS_DIAL_FAILED)
        say_why(event, &why);
    dsoftbusd_happened_in_connections(d, event, why.text);
    switch (event->kind) {
    case DSB_CONNECTIONS_DIAL_FAILED:
        if (event->is_probe)
            break; /* the doctor's: for what others wait for there are dials of their own */
        if (event->refusal != DSB_REFUSAL_DENIED) /* else it has no offer, which is said better */
            note_why(d, event->id_text, &why);
        on_dial_failed(d, event->id_text, event->status, why.text);
        break;
    case DSB_CONNECTIONS_V1_UP:
        finish_calls(d, DSOFTBUSD_OPERATION_CONNECT_V1, event->id_text, NX_OK, NULL);
        on_session_up(d, now, event->id_text);
        break;
    case DSB_CONNECTIONS_V1_ENDED:
        dsoftbusd_on_v1_ended(d, event);
        break;
    case DSB_CONNECTIONS_TURNED_AWAY:
    case DSB_CONNECTIONS_V1_READABLE:
    case DSB_CONNECTIONS_V1_WRITABLE:
        break; /* the stream looks by itself */
    }
}
