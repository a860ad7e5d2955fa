/* Doctor: what is seen of this machine and of one device, gathered for core/node/diagnosis.h.
 *
 *              it has a session          no pong                     up
 *     LISTENS -----------------> PINGS ----------> DIALS ----> PINGS once more
 *        |  it has an address ---------------------^  |          |
 *        |                                            v          v
 *        `--- nobody asked, nothing to try ------> HAS_TRIED <---'
 *                                                     | the beacons that are waited for came, or are late
 *                                                     v
 *                                               WANTS_MACHINE --- set_machine ---> done
 *
 * It announces, where this device announces at all, to hear whether its own beacon comes back, and dials
 * whoever is asked about: a person wants to know. Nothing else is sent. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "daemons/dsoftbusd/internal.h"

enum {
    LOOK_MS = 200,
    ECHO_MS = 1500, /* for our own beacon to come back */
    HEAR_MS = 7000, /* one interval of beacons, its jitter, and a second */
    PING_MS = 3000,
    DIAL_MS = 11000,      /* an address is given up, a handshake is late, and a second */
    REGULAR_COUNT = 3,    /* beacons of a device that announces, and does not only show a code */
    NEIGHBOURS_PAGE = 32, /* looked at, at once */
};

static bool same_text(const char *a, const char *b)
{
    return nx_bytes_equal(nx_bytes_of_text(a), nx_bytes_of_text(b));
}

static bool is_since(struct nx_instant event, struct nx_instant begin)
{
    return event.ns != 0 && event.ns >= begin.ns;
}

static bool is_within(struct nx_instant event, struct nx_instant now, uint32_t seconds)
{
    return event.ns != 0 && nx_duration_between(event, now).ns <= nx_seconds(seconds).ns;
}

/* Its place may be another call's by now. */
static bool is_at_work(const struct dsoftbusd *d)
{
    const struct dsoftbusd_call *call = d->doctor.call;

    return call != NULL && call->state == DSOFTBUSD_CALL_WAITS &&
           call->head.operation == DSOFTBUSD_OPERATION_DOCTOR;
}

static bool has_asked(const struct dsoftbusd *d)
{
    return d->doctor.evidence.is_asked;
}

static const struct dsb_neighbour *patient(const struct dsoftbusd *d)
{
    return dsb_discovery_find(&d->config.node->discovery,
                              nx_bytes_of_text(d->doctor.call->id_text));
}

/* ---- beginning and end ------------------------------------------------------------------------ */

static bool is_taken(const struct dsoftbusd *d, const struct dsoftbusd_call *by)
{
    const struct dsoftbusd_call *call = d->doctor.call;

    return call != NULL && call != by && call->state != DSOFTBUSD_CALL_FREE &&
           call->head.operation == DSOFTBUSD_OPERATION_DOCTOR;
}

/* Whom the words mean, if anybody. Who is paired has no namesakes among those who are not. False: they
 * mean several, and the call is done. */
static bool look_for_patient(struct dsoftbusd *d, struct nx_instant now,
                             struct dsoftbusd_call *call)
{
    struct dsoftbusd_device found[2];
    enum dsoftbusd_among among = DSOFTBUSD_AMONG_PAIRED;
    char words[sizeof(call->asked)];
    struct nx_bytes asked;
    size_t count;

    memcpy(words, call->asked, sizeof(words));
    asked = nx_bytes_of_text(words);
    count = dsoftbusd_find_devices(d, now, asked, among, found, NX_COUNT_OF(found));
    if (count == 0) {
        among = DSOFTBUSD_AMONG_PRESENT;
        count = dsoftbusd_find_devices(d, now, asked, among, found, NX_COUNT_OF(found));
    }
    return count == 0 || dsoftbusd_resolve(d, now, call, asked, among);
}

void dsoftbusd_serve_doctor(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                            struct nx_bytes asked)
{
    struct nx_text t = nx_text_over(call->asked, sizeof(call->asked));

    if (is_taken(d, call)) {
        dsoftbusd_done(call, NX_E_BUSY, "another nx doctor is at work: try again in half a minute");
        return;
    }
    nx_text_add_bytes(&t, asked);
    if (t.cut) {
        dsoftbusd_done(call, NX_E_INVALID, "a device's name or id has at most 64 bytes");
        return;
    }
    if (asked.len > 0 && !look_for_patient(d, now, call))
        return;
    d->doctor = (struct dsoftbusd_doctor){.call = call, .look_at = now};
    d->doctor.evidence.is_asked = asked.len > 0;
    dsb_node_announce(d->config.node, now);
}

void dsoftbusd_doctor_give_up(struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    if (d->doctor.call == call)
        d->doctor.call = NULL;
}

/* ---- trying ----------------------------------------------------------------------------------- */

static void enter(struct dsoftbusd *d, struct nx_instant now, enum dsoftbusd_doctor_state state,
                  uint32_t within_ms)
{
    d->doctor.state = state;
    d->doctor.state_until = nx_instant_after(now, nx_milliseconds(within_ms));
    d->doctor.look_at = now;
}

static void dial(struct dsoftbusd *d, struct nx_instant now)
{
    struct dsoftbusd_doctor *doctor = &d->doctor;
    bool is_due = !doctor->has_dialled;

    doctor->pinged = NULL;
    enter(d, now, DSOFTBUSD_DOCTOR_HAS_TRIED, 0);
    if (!is_due)
        return;
    doctor->has_dialled = true;
    doctor->dialled_at = now;
    if (dsb_connections_probe(d->config.connections, now, doctor->call->id_text) == NX_OK)
        enter(d, now, DSOFTBUSD_DOCTOR_DIALS, DIAL_MS);
    d->has_more = true; /* it may have failed at once */
}

static void ping(struct dsoftbusd *d, struct nx_instant now)
{
    struct dsb_mux *mux = dsb_node_session(d->config.node, d->doctor.call->id_text);
    enum nx_status status = mux == NULL ? NX_E_CLOSED : dsb_mux_ping(mux, now);

    if (status != NX_OK && status != NX_E_BUSY) { /* one that is under way tells for all */
        dial(d, now);
        return;
    }
    d->doctor.pinged = mux;
    enter(d, now, DSOFTBUSD_DOCTOR_PINGS, PING_MS);
    d->has_more = true;
}

static void try_patient(struct dsoftbusd *d, struct nx_instant now)
{
    const char *id_text = d->doctor.call->id_text;
    const struct dsb_neighbour *n = patient(d);
    const struct dsb_connection *conn = dsb_connections_find(d->config.connections, id_text);

    if (conn != NULL && conn->is_v1_up) { /* there are no pings */
        d->doctor.evidence.is_answered = true;
        enter(d, now, DSOFTBUSD_DOCTOR_HAS_TRIED, 0);
    } else if (dsb_node_session(d->config.node, id_text) != NULL) {
        ping(d, now);
    } else if (n != NULL && n->candidate_count > 0) {
        dial(d, now);
    }
}

void dsoftbusd_doctor_on_node(struct dsoftbusd *d, struct nx_instant now,
                              const struct dsb_node_event *event)
{
    struct dsoftbusd_doctor *doctor = &d->doctor;

    if (!is_at_work(d) || !same_text(event->id_text, doctor->call->id_text))
        return;
    if (event->kind == DSB_NODE_SESSION_UP && doctor->state == DSOFTBUSD_DOCTOR_DIALS)
        ping(d, now);
    if (doctor->pinged == NULL || event->session != doctor->pinged)
        return;
    if (event->kind == DSB_NODE_SESSION_ENDED) {
        dial(d, now);
    } else if (event->kind == DSB_NODE_STREAM && event->mux.kind == DSB_MUX_PONG) {
        doctor->pinged = NULL;
        doctor->evidence.is_answered = true;
        doctor->evidence.round_trip = event->mux.round_trip;
        enter(d, now, DSOFTBUSD_DOCTOR_HAS_TRIED, 0);
    }
}

void dsoftbusd_doctor_on_connections(struct dsoftbusd *d, struct nx_instant now,
                                     const struct dsb_connections_event *event)
{
    struct dsoftbusd_doctor *doctor = &d->doctor;

    if (!is_at_work(d) || doctor->state != DSOFTBUSD_DOCTOR_DIALS ||
        event->kind != DSB_CONNECTIONS_DIAL_FAILED ||
        !same_text(event->id_text, doctor->call->id_text))
        return;
    doctor->evidence.has_dial = true;
    doctor->evidence.dial = (struct dsb_evidence_dial){
        .status = event->status,
        .refusal = event->refusal,
        .end = event->end,
        .address = event->address,
        .why = event->why,
    };
    enter(d, now, DSOFTBUSD_DOCTOR_HAS_TRIED, 0);
}

/* ---- what is seen ----------------------------------------------------------------------------- */

static void gather_echo(const struct dsoftbusd *d, struct dsb_evidence *e)
{
    const struct dsb_beacons *b = d->config.beacons;
    struct nx_instant begin = d->doctor.call->began_at;

    for (size_t i = 0; b != NULL && i < DSB_BEACONS_SOCKETS; i++) {
        const struct dsb_beacons_echo *echo = &b->sockets[i].echo;

        e->echo[i] = (struct dsb_evidence_echo){
            .why = b->sockets[i].why,
            .is_mute = b->config.from[i].is_mute,
            .was_sent = is_since(echo->sent_at, begin),
            .sent = echo->sent,
            .came_back = is_since(echo->heard_at, begin),
        };
    }
}

/* Everybody else of whom a beacon was ever kept. */
struct others {
    const struct dsoftbusd *d;
    struct nx_instant now;
    struct dsb_evidence *e;
    struct nx_instant last_at; /* the last beacon of any that announces */
    uint32_t together_count;   /* devices whose last one came at about that time */
};

static bool is_at(const struct dsb_neighbour *n, const struct nx_address *address)
{
    for (uint8_t i = 0; i < n->candidate_count; i++) {
        if (nx_address_equal(&n->candidates[i].address, address))
            return true;
    }
    return false;
}

static void look_at_other(struct others *o, const struct dsb_neighbour *n, bool is_counting)
{
    const struct dsb_neighbour *asked = o->e->is_asked ? patient(o->d) : NULL;
    bool announces = n->beacon_count >= REGULAR_COUNT;

    if (n->is_self)
        return;
    if (is_counting) {
        o->together_count +=
            announces && is_within(n->beacon_at, o->last_at, DSB_DIAGNOSIS_AT_ONCE_S);
        return;
    }
    o->e->heard_count += is_within(n->beacon_at, o->now, DSB_DIAGNOSIS_FRESH_S);
    if (announces && n->beacon_at.ns > o->last_at.ns)
        o->last_at = n->beacon_at;
    if (asked != NULL && n != asked && o->e->has_dial && is_at(n, &o->e->dial.address) &&
        n->beacon_at.ns > asked->beacon_at.ns)
        o->e->is_replaced = true;
}

/* Those that are present, then the paired ones that are not. */
static void look_at_others(struct others *o, bool is_counting)
{
    struct dsb_discovery *discovery = &o->d->config.node->discovery;
    const struct dsb_registry *registry = &o->d->config.node->registry;
    const struct dsb_neighbour *page[NEIGHBOURS_PAGE];
    char after[DSB_ID_TEXT_MAX + 1] = "";
    size_t count;

    do {
        count =
            dsb_discovery_list(discovery, o->now, nx_bytes_of_text(after), page, NX_COUNT_OF(page));
        for (size_t i = 0; i < count; i++)
            look_at_other(o, page[i], is_counting);
        if (count > 0)
            memcpy(after, page[count - 1]->id, sizeof(after));
    } while (count == NX_COUNT_OF(page));
    for (uint32_t i = 0; i < dsb_registry_count(registry); i++) {
        const struct dsb_neighbour *n =
            dsb_discovery_find(discovery, nx_bytes_of_text(dsb_registry_at(registry, i)->id_text));

        if (n != NULL && !n->is_present)
            look_at_other(o, n, is_counting);
    }
}

static void gather_others(const struct dsoftbusd *d, struct nx_instant now, struct dsb_evidence *e)
{
    struct others o = {.d = d, .now = now, .e = e};

    e->heard_count = 0;
    e->is_replaced = false;
    look_at_others(&o, false);
    if (o.last_at.ns != 0)
        look_at_others(&o, true);
    e->silent_count = e->heard_count == 0 ? o.together_count : 0;
    e->no_room = d->config.node->discovery.counts.no_room;
}

/* Its boot counter is below what it was, and was so in every beacon since a while. */
static bool is_behind(const struct dsb_neighbour *n, struct nx_instant now)
{
    return is_within(n->behind_at, now, DSB_DIAGNOSIS_FRESH_S) &&
           n->fresh_at.ns < n->behind_at.ns &&
           nx_duration_between(n->fresh_at, now).ns > nx_milliseconds(HEAR_MS).ns;
}

static void gather_heard(const struct dsoftbusd *d, struct nx_instant now,
                         const struct dsb_neighbour *n, struct dsb_evidence *e)
{
    e->was_heard = n->beacon_at.ns != 0;
    e->silence = nx_duration_between(n->beacon_at, now);
    e->heard_from = n->beacon_from;
    e->is_heard = is_within(n->beacon_at, now, DSB_DIAGNOSIS_FRESH_S);
    e->is_heard_since_dialled =
        d->doctor.has_dialled && is_since(n->beacon_at, d->doctor.dialled_at);
    e->is_behind = n->is_paired && is_behind(n, now);
    e->has_key_conflict = n->has_key_conflict;
    e->address_count = n->candidate_count;
    if (n->candidate_count > 0)
        e->address = n->candidates[0].address;
}

static void gather_patient(const struct dsoftbusd *d, struct nx_instant now, struct dsb_evidence *e)
{
    const char *id_text = d->doctor.call->id_text;
    const struct dsb_neighbour *n = patient(d);
    const struct dsb_connection *conn = dsb_connections_find(d->config.connections, id_text);

    e->is_paired = dsb_registry_find_text(&d->config.node->registry, id_text) != NULL;
    e->is_known = id_text[0] != '\0' && (n != NULL || e->is_paired || conn != NULL);
    if (n != NULL)
        gather_heard(d, now, n, e);
    e->is_up = conn != NULL;
    if (conn == NULL)
        return;
    e->address = conn->address;
    e->protocol = conn->session.terms.protocol;
}

static void gather(struct dsoftbusd *d, struct nx_instant now)
{
    const struct dsb_node *node = d->config.node;
    struct dsb_evidence *e = &d->doctor.evidence;

    e->mode = dsb_node_discovery_mode(node);
    e->unicast_count = (uint32_t)node->discovery.announcer.config.unicast_count;
    e->is_offering = dsb_pairing_state(&node->pairing, DSB_PAIRING_OWNER) != DSB_PAIRING_CLOSED;
    e->listened = nx_duration_between(d->started_at, now);
    e->registry_status = node->registry_status;
    e->registry_why = *dsb_node_registry_why(node);
    e->peer_count = dsb_registry_count(&node->registry);
    e->peer_cap = node->registry.peers.cap;
    gather_echo(d, e);
    if (e->is_asked)
        gather_patient(d, now, e);
    gather_others(d, now, e);
}

/* ---- waiting ---------------------------------------------------------------------------------- */

static bool has_passed(struct nx_instant from, struct nx_instant now, uint32_t ms)
{
    return nx_instant_reached(nx_instant_after(from, nx_milliseconds(ms)), now);
}

static bool has_echo(const struct dsoftbusd *d, struct nx_instant now)
{
    const struct dsb_evidence *e = &d->doctor.evidence;

    return e->echo[0].came_back || e->echo[1].came_back ||
           has_passed(d->doctor.call->began_at, now, ECHO_MS);
}

/* A beacon that would say more is worth waiting for. */
static bool has_heard(const struct dsoftbusd *d, struct nx_instant now)
{
    const struct dsb_evidence *e = &d->doctor.evidence;
    const struct dsb_evidence_dial *dial = &e->dial;

    if (e->mode == DSB_DISCOVERY_OFF || e->is_answered)
        return true;
    if (!has_passed(d->started_at, now, HEAR_MS) &&
        (e->is_asked ? !e->is_heard : e->heard_count == 0))
        return false;
    if (e->has_dial && dial->end.stage == DSB_DIAL_AT_CONNECT &&
        dial->end.failure == NX_NET_TIMED_OUT && !e->is_heard_since_dialled)
        return has_passed(d->doctor.dialled_at, now, HEAR_MS);
    if (e->has_dial && dial->end.stage == DSB_DIAL_AT_HANDSHAKE && !e->is_replaced)
        return has_passed(d->doctor.dialled_at, now, HEAR_MS);
    return true;
}

static void listen(struct dsoftbusd *d, struct nx_instant now)
{
    struct dsoftbusd_call *call = d->doctor.call;

    if (has_asked(d) && call->id_text[0] == '\0' && !look_for_patient(d, now, call))
        return; /* several by now: that was said */
    if (call->id_text[0] != '\0')
        try_patient(d, now);
    if (d->doctor.state == DSOFTBUSD_DOCTOR_LISTENS && has_echo(d, now) && has_heard(d, now))
        enter(d, now, DSOFTBUSD_DOCTOR_WANTS_MACHINE, 0);
}

void dsoftbusd_doctor_work(struct dsoftbusd *d, struct nx_instant now)
{
    struct dsoftbusd_doctor *doctor = &d->doctor;

    if (!is_at_work(d) || !nx_instant_reached(doctor->look_at, now))
        return;
    doctor->look_at = nx_instant_after(now, nx_milliseconds(LOOK_MS));
    gather(d, now);
    switch (doctor->state) {
    case DSOFTBUSD_DOCTOR_LISTENS:
        listen(d, now);
        break;
    case DSOFTBUSD_DOCTOR_PINGS:
        if (nx_instant_reached(doctor->state_until, now))
            dial(d, now);
        break;
    case DSOFTBUSD_DOCTOR_DIALS:
        if (nx_instant_reached(doctor->state_until, now))
            enter(d, now, DSOFTBUSD_DOCTOR_HAS_TRIED, 0);
        break;
    case DSOFTBUSD_DOCTOR_HAS_TRIED:
        if (has_echo(d, now) && has_heard(d, now))
            enter(d, now, DSOFTBUSD_DOCTOR_WANTS_MACHINE, 0);
        break;
    case DSOFTBUSD_DOCTOR_WANTS_MACHINE:
        break;
    }
}

struct nx_instant dsoftbusd_doctor_deadline(const struct dsoftbusd *d)
{
    if (!is_at_work(d) || d->doctor.state == DSOFTBUSD_DOCTOR_WANTS_MACHINE)
        return NX_NEVER;
    return d->doctor.look_at;
}

/* ---- the machine, and the end ----------------------------------------------------------------- */

bool dsoftbusd_wants_machine(const struct dsoftbusd *d)
{
    return is_at_work(d) && d->doctor.state == DSOFTBUSD_DOCTOR_WANTS_MACHINE;
}

static const char *name_or_null(const char *name)
{
    return name[0] == '\0' ? NULL : name;
}

void dsoftbusd_set_machine(struct dsoftbusd *d, struct nx_instant now,
                           const struct dsoftbusd_machine *machine)
{
    struct dsb_evidence *e = &d->doctor.evidence;

    if (!dsoftbusd_wants_machine(d))
        return;
    gather(d, now);
    e->chosen_count = machine->chosen_count;
    e->missing_interface = name_or_null(machine->missing);
    e->down_interface = name_or_null(machine->down);
    e->bare_interface = name_or_null(machine->bare);
    e->has_loopback = machine->has_loopback;
    e->subnet_count = machine->subnet_count;
    memcpy(e->subnets, machine->subnets, sizeof(e->subnets));
    dsb_diagnose(e, &d->doctor.diagnosis);
    e->missing_interface = e->down_interface = e->bare_interface = NULL; /* lent for this call */
    dsoftbusd_done(d->doctor.call, NX_OK, NULL);
    d->has_more = true;
}
