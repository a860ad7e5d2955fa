#include "sim/oracle.h"

#include "core/base/memory.h"
#include "sim/books.h"
#include "sim/world.h"

void sim_oracle_typed(struct sim_world *w, const struct sim_device *owner,
                      const struct sim_device *typist, const char *code)
{
    const struct sim_offer *offer = &w->oracle.offers[owner->index];
    struct sim_belief *of_owner = &w->oracle.beliefs[owner->index][typist->index];
    struct sim_belief *of_typist = &w->oracle.beliefs[typist->index][owner->index];

    if (!offer->is_open || offer->typist != typist->index ||
        !nx_bytes_equal(nx_bytes_of_text(offer->code), nx_bytes_of_text(code)))
        return;
    of_owner->was_accepted = of_owner->was_ever = true;
    of_typist->was_accepted = of_typist->was_ever = true;
}

void sim_oracle_unpairs(struct sim_world *w, const struct sim_device *d,
                        const struct sim_device *other)
{
    w->oracle.beliefs[d->index][other->index].may_go = true;
    w->oracle.beliefs[other->index][d->index].may_go = true;
}

void sim_oracle_disk(struct sim_world *w, const struct sim_device *d)
{
    if (!sim_disk_is_whole(&d->disk))
        sim_world_fail(w, "a write that was cut left half a value");
}

void sim_oracle_marker(struct sim_world *w, struct sim_device *d, struct nx_bytes line)
{
    struct nx_bytes stored = {0};
    const char *fault;

    (void)!nx_store_memory_find(&d->disk.held, DSB_REGISTRY_KEY, &stored);
    fault = sim_marks_check(&d->marks, &d->node, stored, line);
    if (fault != NULL)
        sim_world_fail(w, fault);
}

void sim_oracle_anew(struct sim_world *w, const struct sim_device *d)
{
    w->oracle.boots[d->index] = 0;
}

void sim_oracle_on(struct sim_world *w, const struct sim_device *d)
{
    if (d->node.registry_status != NX_OK || dsb_node_v1_why(&d->node)->text[0] != '\0')
        sim_world_fail(w, "what was stored does not read after a restart");
    if (d->boot.state == DSB_BOOT_KNOWN && d->boot.count <= w->oracle.boots[d->index])
        sim_world_fail(w, "a boot has a count that was used before");
    if (d->boot.state == DSB_BOOT_KNOWN)
        w->oracle.boots[d->index] = d->boot.count;
    for (uint32_t i = 0; i < w->device_count; i++) {
        struct sim_belief *belief = &w->oracle.beliefs[d->index][i];
        bool is_there = i != d->index && sim_device_is_paired(d, &w->devices[i]);

        if (is_there && belief->is_unpaired && !belief->was_accepted)
            sim_world_fail(w, "an unpairing that was announced did not last");
        if (!is_there && belief->is_told && !belief->may_go)
            sim_world_fail(w, "a pairing that was announced did not last");
        if (is_there)
            belief->is_unpaired = false; /* it lasted, and nobody was there to be told */
        belief->is_told = is_there;
    }
}

/* ---- news ------------------------------------------------------------------------------------ */

static void on_paired(struct sim_world *w, struct sim_belief *belief)
{
    w->oracle.paired_count++;
    if (!belief->was_accepted)
        sim_world_fail(w, "paired without an accept of its code");
    belief->was_accepted = false;
    belief->is_unpaired = false;
    belief->is_told = true;
    belief->may_go = false;
}

/* One success closes every offer between the two. */
static void on_paired_offer(struct sim_world *w, struct sim_offer *offer,
                            const struct sim_device *other, enum dsb_pairing_role role)
{
    if (role == DSB_PAIRING_OWNER && !offer->is_open)
        sim_world_fail(w, "paired by a code that was taken back");
    if (offer->typist == other->index)
        offer->is_open = false;
}

static void on_up(struct sim_world *w, const struct sim_device *d, const struct sim_device *other,
                  struct sim_belief *belief)
{
    w->oracle.up_count++;
    belief->up_count++;
    if (belief->is_unpaired)
        sim_world_fail(w, "a session with a device that was unpaired");
    if (!sim_device_is_paired(d, other))
        sim_world_fail(w, "a session with a device that is not in the registry");
}

static void on_ended(struct sim_world *w, struct sim_belief *belief)
{
    w->oracle.ended_count++;
    if (belief->up_count == 0)
        sim_world_fail(w, "the end of a session that was never told");
    else
        belief->up_count--;
}

static void on_stream(struct sim_world *w, const struct sim_device *d,
                      const struct sim_belief *belief, const struct dsb_mux_event *event)
{
    bool is_data = event->kind == DSB_MUX_OPENED || event->kind == DSB_MUX_READABLE;
    const char *fault = is_data ? sim_books_of_identity(&d->connections) : NULL;

    if (fault != NULL)
        sim_world_fail(w, fault);

    if (is_data && belief->up_count == 0)
        sim_world_fail(w, "data outside of a session");
    if (is_data && belief->is_unpaired)
        sim_world_fail(w, "data after an unpairing");
}

/* Nothing goes wrong but what the hostile device does. */
static bool only_hostile(const struct sim_world *w)
{
    return w->hostile.is_at_it && w->faults.plan == 0;
}

/* Of two that are honest none finds a breach in what the other one says. That a way forges bytes shows
 * below their frames, in the records. */
static void check_end(struct sim_world *w, const struct sim_device *d,
                      const struct sim_device *other, const struct dsb_mux_event *event)
{
    static const char label[] = "mux.reject.";
    const struct nx_bytes why = nx_bytes_of_text(event->why.text);
    bool is_labelled =
        why.len >= sizeof(label) - 1 && memcmp(why.ptr, label, sizeof(label) - 1) == 0;

    if (sim_hostile_is(w, d) || sim_hostile_is(w, other))
        return;
    if (is_labelled || event->status == NX_E_STATE || event->code == DSB_GOAWAY_LIMIT)
        sim_world_fail(w, "of two that are honest one found a breach");
    if (only_hostile(w))
        sim_world_fail(w, "a session of two that are honest ended");
}

static void trace_news(struct sim_world *w, struct sim_device *d, const struct sim_device *other,
                       const char *what, const char *more)
{
    struct nx_text *t = sim_trace_begin(&w->trace, w->now, d->name, what);

    nx_text_add(t, " ");
    nx_text_add(t, other->name);
    nx_text_add(t, " ");
    nx_text_add(t, more);
    sim_trace_end(&w->trace);
}

/* What the scenario has to say of it: true, it knows who that is. */
static bool is_of_scenario(struct sim_world *w, struct sim_device *d,
                           const struct dsb_node_event *event)
{
    const struct sim_scenario *scenario = w->config.scenario;

    return scenario->news != NULL && scenario->news(w, d, event);
}

/* Nobody has typed a code of theirs, and nobody ever will. */
static void on_stranger(struct sim_world *w, struct sim_device *d,
                        const struct dsb_node_event *event)
{
    bool may_be = event->kind == DSB_NODE_DISCOVERY || event->kind == DSB_NODE_STORE_FAILED;

    if (sim_hostile_is_stranger(w, event->id_text))
        may_be |= event->kind == DSB_NODE_PAIRING_FAILED || event->kind == DSB_NODE_PAIRING_BROKEN;
    if (!may_be && !is_of_scenario(w, d, event))
        sim_world_fail(w, "news of a device that is not there");
}

/* Of an offer that was taken back the end is told when another one may be open already. */
void sim_oracle_offer_ended(struct sim_offer *offer)
{
    if (offer->taken_back_count > 0)
        offer->taken_back_count--;
    else
        offer->is_open = false;
}

void sim_oracle_news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    const struct sim_device *other = sim_world_device(w, event->id_text);
    struct sim_belief *belief;

    if (event->kind == DSB_NODE_PAIRED && !sim_marks_paired(&d->marks, event->id_text))
        sim_world_fail(w, "paired, and its marker was not printed before");
    if (other == NULL) {
        on_stranger(w, d, event);
        return;
    }
    belief = &w->oracle.beliefs[d->index][other->index];
    switch (event->kind) {
    case DSB_NODE_DISCOVERY:
        break;
    case DSB_NODE_PAIRED:
        trace_news(w, d, other, "paired", "");
        on_paired(w, belief);
        on_paired_offer(w, &w->oracle.offers[d->index], other, event->role);
        break;
    case DSB_NODE_PAIRING_FAILED:
        trace_news(w, d, other, "pairing-failed", nx_status_text(event->status));
        w->oracle.failed_count++;
        if (event->role == DSB_PAIRING_OWNER)
            sim_oracle_offer_ended(&w->oracle.offers[d->index]);
        break;
    case DSB_NODE_PAIRING_BROKEN:
        trace_news(w, d, other, "pairing-broken", "");
        break;
    case DSB_NODE_UNPAIRED:
        trace_news(w, d, other, "unpaired", "");
        w->oracle.unpaired_count++;
        belief->is_unpaired = true;
        belief->is_told = false;
        break;
    case DSB_NODE_STORE_FAILED:
        trace_news(w, d, other, "store-failed", event->why.text);
        break;
    case DSB_NODE_SESSION_UP:
        trace_news(w, d, other, "up", "");
        on_up(w, d, other, belief);
        break;
    case DSB_NODE_SESSION_ENDED:
        if (event->session == NULL)
            break;
        trace_news(w, d, other, "ended", event->mux.why.text);
        on_ended(w, belief);
        check_end(w, d, other, &event->mux);
        break;
    case DSB_NODE_STREAM:
        on_stream(w, d, belief, &event->mux);
        break;
    }
    (void)is_of_scenario(w, d, event);
}

void sim_oracle_typist_paired(struct sim_world *w, const struct sim_device *owner,
                              const struct sim_device *typist)
{
    const struct sim_belief *of_owner = &w->oracle.beliefs[owner->index][typist->index];

    if (owner->state != SIM_DEVICE_OFF && !sim_device_is_paired(owner, typist) && !of_owner->may_go)
        sim_world_fail(w, "the typist is paired, and the owner is not");
}

/* For the scenario a dial that failed is what it is to a node's owner. */
static struct dsb_node_event connection_news(const struct dsb_connections_event *event)
{
    struct dsb_node_event news = {.kind = DSB_NODE_SESSION_ENDED, .status = event->status};

    memcpy(news.id_text, event->id_text, sizeof(news.id_text));
    return news;
}

void sim_oracle_connection(struct sim_world *w, struct sim_device *d,
                           const struct dsb_connections_event *event)
{
    const struct sim_device *other = sim_world_device(w, event->id_text);

    if (other == NULL) {
        const struct dsb_node_event news = connection_news(event);

        if (!sim_hostile_is_stranger(w, event->id_text) && !is_of_scenario(w, d, &news))
            sim_world_fail(w, "news of a connection with a device that is not there");
        return;
    }
    trace_news(w, d, other,
               event->kind == DSB_CONNECTIONS_TURNED_AWAY ? "turned-away" : "dial-failed",
               event->why.text);
    if (event->refusal == DSB_REFUSAL_ONE_SIDED) {
        w->oracle.one_sided_count++;
        w->oracle.beliefs[d->index][other->index].one_sided_at = w->now;
    }
}

/* ---- books ------------------------------------------------------------------------------------ */

static const struct dsb_stream *stream_of(const struct sim_flow_end *end)
{
    return end->is_attached && !end->is_over ? dsb_mux_stream(end->mux, end->stream) : NULL;
}

/* What its sender takes for confirmed was pulled. */
static const char *check_confirmed(const struct sim_flow *f, const struct dsb_stream *sender)
{
    const struct dsb_amount *confirmed = &sender->outbox.ledger.confirmed;

    return confirmed->bytes > f->pulled.bytes || confirmed->messages > f->pulled.messages
               ? "confirmed, and not pulled"
               : NULL;
}

static const char *check_flows(const struct sim_world *w)
{
    const char *fault = NULL;

    for (uint32_t i = 0; w->flows.used_count > 0 && i < SIM_FLOWS_MAX && fault == NULL; i++) {
        const struct sim_flow *f = &w->flows.at[i];
        const struct dsb_stream *sender = f->is_used ? stream_of(&f->sender) : NULL;
        const struct dsb_stream *receiver = f->is_used ? stream_of(&f->receiver) : NULL;

        if (sender != NULL)
            fault = check_confirmed(f, sender);
        if (fault == NULL && sender != NULL && receiver != NULL)
            fault = sim_books_of_flow(sender, receiver);
    }
    return fault;
}

void sim_oracle_turn(struct sim_world *w, const struct sim_device *d)
{
    const char *fault = sim_books(&d->connections, sim_device_now(d));

    if (fault == NULL)
        fault = check_flows(w);
    if (fault != NULL)
        sim_world_fail(w, fault);
}

/* ---- the end of streams and of devices ------------------------------------------------------- */

void sim_oracle_flow_ended(struct sim_world *w, const struct sim_flow *f,
                           const struct dsb_mux_event *event)
{
    const struct dsb_amount *unconfirmed = &event->unconfirmed;

    w->flows.unconfirmed.bytes += unconfirmed->bytes;
    w->flows.unconfirmed.messages += unconfirmed->messages;
    if (unconfirmed->bytes > f->pushed.bytes || unconfirmed->messages > f->pushed.messages) {
        sim_world_fail(w, "more is reported unconfirmed than was accepted");
        return;
    }
    if (f->pushed.bytes - unconfirmed->bytes > f->pulled.bytes ||
        f->pushed.messages - unconfirmed->messages > f->pulled.messages)
        sim_world_fail(w, "confirmed, and not pulled");
    if (event->status != NX_END) {
        w->flows.cut_count++;
        if (only_hostile(w))
            sim_world_fail(w, "a stream of two that are honest was cut");
        return;
    }
    w->flows.whole_count++;
    if (!f->is_finished || !f->end_pulled || unconfirmed->bytes > 0 || unconfirmed->messages > 0)
        sim_world_fail(w, "a stream ended well, and not everything was confirmed");
}

void sim_oracle_is_back(struct sim_world *w, const struct sim_device *d)
{
    const struct dsb_pools *pools = &d->node.pools;

    if (pools->blocks.used_count > 0 || pools->streams.used_count > 0)
        sim_world_fail(w, "blocks or streams did not come back");
    if (pools->grants.used > 0 || pools->growth.used > 0 || pools->queues.used > 0)
        sim_world_fail(w, "credit did not come back");
    if (d->host->socket_count > 0 || dsb_connections_open_count(&d->connections) > 0)
        sim_world_fail(w, "sockets did not come back");
    if (dsb_gate_half_open_count(&d->connections.gate) > 0)
        sim_world_fail(w, "a place of the gate did not come back");
}

void sim_oracle_off(struct sim_world *w, const struct sim_device *d)
{
    for (uint32_t i = 0; i < w->device_count; i++)
        w->oracle.beliefs[d->index][i].up_count = 0;
    w->oracle.offers[d->index] = (struct sim_offer){0};
}

/* ---- after the calm -------------------------------------------------------------------------- */

static void fail_pair(struct sim_world *w, const struct sim_device *d,
                      const struct sim_device *other, const char *what)
{
    char sentence[SIM_FAILURE_MAX];
    struct nx_text t = nx_text_over(sentence, sizeof(sentence));

    nx_text_add(&t, d->name);
    nx_text_add(&t, " and ");
    nx_text_add(&t, other->name);
    nx_text_add(&t, what);
    sim_world_fail(w, sentence);
}

static void judge_pair(struct sim_world *w, struct sim_device *d, struct sim_device *other)
{
    const struct sim_belief *belief = &w->oracle.beliefs[d->index][other->index];
    bool here = sim_device_is_paired(d, other);
    bool there = sim_device_is_paired(other, d);

    if (here && !belief->was_ever)
        fail_pair(w, d, other, ": the registry knows a device whose code was never accepted");
    if (here && there && dsb_node_session(&d->node, other->identity.id_text) == NULL)
        fail_pair(w, d, other, " are paired, all is calm, and there is no session");
    if (here && !there && belief->one_sided_at.ns <= w->calm_at.ns)
        fail_pair(w, d, other, " are paired on one side alone, and that was not said");
    if (!here && dsb_node_session(&d->node, other->identity.id_text) != NULL)
        fail_pair(w, d, other, " have a session and are not paired");
}

static void judge_discovery(struct sim_world *w, struct sim_device *d)
{
    const struct dsb_neighbour *all[SIM_DEVICES_MAX + 1];
    size_t count = dsb_discovery_list(&d->node.discovery, sim_device_now(d), nx_bytes_of(NULL, 0),
                                      all, NX_COUNT_OF(all));

    if (count != w->device_count)
        fail_pair(w, d, d, ": not everybody is seen, or somebody who is not there");
}

void sim_oracle_calm(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->device_count; i++) {
        if (w->devices[i].state != SIM_DEVICE_ON) {
            sim_world_fail(w, "a device did not come back");
            return;
        }
    }
    for (uint32_t i = 0; i < w->device_count; i++) {
        judge_discovery(w, &w->devices[i]);
        for (uint32_t k = 0; k < w->device_count; k++) {
            if (i != k)
                judge_pair(w, &w->devices[i], &w->devices[k]);
        }
    }
    if (w->flows.used_count > 0)
        sim_world_fail(w, "a stream is still pending");
    for (uint32_t i = 0; i < w->device_count; i++) {
        const char *fault = sim_books_of_rest(&w->devices[i].connections);

        if (fault != NULL)
            sim_world_fail(w, fault);
    }
}
