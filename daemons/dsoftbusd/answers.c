/* What is answered, as bytes: the bodies of replies and of news (schemas/dsoftbusd.capnp). */
#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "daemons/dsoftbusd/internal.h"

static struct nx_bytes text(const char *terminated)
{
    return nx_bytes_of_text(terminated);
}

static uint64_t ms_between(struct nx_instant from, struct nx_instant to)
{
    return nx_duration_between(from, to).ns / 1000000;
}

static struct nx_bytes finish(struct nx_capn_builder *b)
{
    struct nx_bytes body;

    NX_CHECK(nx_capn_builder_finish(b, &body) == NX_OK); /* d->body holds the longest */
    return body;
}

static const struct dsb_neighbour *neighbour_of(const struct dsoftbusd *d, const char *id_text)
{
    return dsb_discovery_find(&d->config.node->discovery, text(id_text));
}

static void put_addresses(struct nx_capn_list_builder list, const struct dsb_neighbour *n)
{
    for (uint8_t i = 0; n != NULL && i < n->candidate_count; i++) {
        char address[NX_ADDRESS_TEXT_CAP];

        nx_address_print(&n->candidates[i].address, address);
        nx_capn_list_set_text(list, i, text(address));
    }
}

static uint32_t address_count(const struct dsb_neighbour *n)
{
    return n == NULL ? 0 : n->candidate_count;
}

static void hex_of(const uint8_t key[32], char out[65])
{
    nx_hex_encode(nx_bytes_of(key, 32), out);
}

/* ---- status ---------------------------------------------------------------------------------- */

struct count {
    const char *name;
    uint64_t value;
};

static void put_counts(struct dsoftbusd_status_builder s, const struct dsoftbusd *d)
{
    const struct dsb_discovery_counts *heard = &d->config.node->discovery.counts;
    const struct dsb_gate_counts *gate = dsb_gate_counts(&d->config.connections->gate);
    const struct count counts[] = {
        {"discovery.received", heard->received},
        {"discovery.refused", heard->refused},
        {"discovery.limited", heard->limited},
        {"discovery.own", heard->own},
        {"discovery.key-conflicts", heard->key_conflicts},
        {"discovery.verified", heard->verified},
        {"discovery.forged", heard->forged},
        {"discovery.unverified", heard->unverified},
        {"discovery.off-link", heard->off_link},
        {"discovery.evicted", heard->evicted},
        {"discovery.no-room", heard->no_room},
        {"gate.entered", gate->entered},
        {"gate.completed", gate->completed},
        {"gate.failed", gate->failed},
        {"gate.left", gate->left},
        {"gate.dropped", gate->dropped},
        {"gate.refused-source", gate->refused_source},
        {"gate.refused-node", gate->refused_node},
        {"gate.delayed", gate->delayed},
        {"v1.frames-dropped", d->v1_frames_dropped},
    };
    struct nx_capn_list_builder list =
        dsoftbusd_status_init_counts(s, (uint32_t)NX_COUNT_OF(counts));

    for (uint32_t i = 0; i < NX_COUNT_OF(counts); i++) {
        struct dsoftbusd_count_builder c = dsoftbusd_count_edit_at(list, i);

        dsoftbusd_count_set_name(c, text(counts[i].name));
        dsoftbusd_count_set_value(c, counts[i].value);
    }
}

static void put_listen(struct dsoftbusd_status_builder s, const struct dsoftbusd *d)
{
    struct nx_capn_list_builder list = dsoftbusd_status_init_listen(s, d->config.listen_count);

    for (uint32_t i = 0; i < d->config.listen_count; i++) {
        char address[NX_ADDRESS_TEXT_CAP];

        nx_address_print(&d->config.listen[i], address);
        nx_capn_list_set_text(list, i, text(address));
    }
}

_Static_assert((int)DSOFTBUSD_DISCOVERY_MODE_MULTICAST == (int)DSB_DISCOVERY_MULTICAST &&
                   (int)DSOFTBUSD_PAIRING_STATE_STORING == (int)DSB_PAIRING_STORING &&
                   (int)DSOFTBUSD_REGISTRY_STATE_REFUSED == (int)DSB_REGISTRY_REFUSED,
               "the schema's numbers are the machines' own");

static struct nx_bytes status_body(struct dsoftbusd *d, struct nx_instant now)
{
    const struct dsb_node *node = d->config.node;
    struct nx_capn_builder b;
    char noise_static[65];

    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_status_builder s = dsoftbusd_status_new_root(&b);
    hex_of(node->config.device.noise_static, noise_static);
    dsoftbusd_status_set_version(s, text(d->config.version));
    dsoftbusd_status_set_device_id(s, text(node->config.id_text));
    dsoftbusd_status_set_noise_static(s, text(noise_static));
    dsoftbusd_status_set_name(s, text(d->config.name));
    put_listen(s, d);
    dsoftbusd_status_set_peer_count(s, dsb_registry_count(&node->registry));
    dsoftbusd_status_set_session_count(s, dsoftbusd_session_count(d));
    dsoftbusd_status_set_stream_count(s, dsoftbusd_stream_count(d));
    dsoftbusd_status_set_client_count(s, dsoftbusd_client_count(d));
    dsoftbusd_status_set_discovery(s, (enum dsoftbusd_discovery_mode)dsb_node_discovery_mode(node));
    dsoftbusd_status_set_device_count(s, dsb_discovery_count(&node->discovery) - 1);
    dsoftbusd_status_set_offer(
        s, (enum dsoftbusd_pairing_state)dsb_pairing_state(&node->pairing, DSB_PAIRING_OWNER));
    dsoftbusd_status_set_accept(
        s, (enum dsoftbusd_pairing_state)dsb_pairing_state(&node->pairing, DSB_PAIRING_TYPIST));
    dsoftbusd_status_set_failed_pairings(s, dsb_pairing_failed_count(&node->pairing));
    dsoftbusd_status_set_registry(s, (enum dsoftbusd_registry_state)node->registry.state);
    dsoftbusd_status_set_registry_why(s, text(dsb_node_registry_why(node)->text));
    put_counts(s, d);
    dsoftbusd_status_set_uptime_ms(s, ms_between(d->started_at, now));
    return finish(&b);
}

/* ---- devices --------------------------------------------------------------------------------- */

static uint32_t service_count(const struct dsb_neighbour *n)
{
    uint32_t count = 0;

    for (size_t at = 0; at < n->services_len; at += 1u + n->services[at])
        count++;
    return count;
}

static void put_services(struct nx_capn_list_builder list, const struct dsb_neighbour *n)
{
    uint32_t i = 0;

    for (size_t at = 0; at < n->services_len; at += 1u + n->services[at]) {
        char shown[DSB_BEACON_SERVICE_NAME_MAX * 4 + 1];

        nx_text_for_show(nx_bytes_of(n->services + at + 1, n->services[at]), shown, sizeof(shown));
        nx_capn_list_set_text(list, i++, text(shown));
    }
}

static void put_device(struct dsoftbusd_device_builder device, const struct dsb_neighbour *n,
                       struct nx_instant now)
{
    char noise_static[65];

    hex_of(n->noise_static, noise_static);
    dsoftbusd_device_set_id(device, text(n->id));
    dsoftbusd_device_set_name(device, text(n->name));
    dsoftbusd_device_set_noise_static(device, text(noise_static));
    put_addresses(dsoftbusd_device_init_addresses(device, address_count(n)), n);
    put_services(dsoftbusd_device_init_services(device, service_count(n)), n);
    dsoftbusd_device_set_is_self(device, n->is_self);
    dsoftbusd_device_set_is_paired(device, n->is_paired);
    dsoftbusd_device_set_has_key_conflict(device, n->has_key_conflict);
    dsoftbusd_device_set_last_seen_ms(device, n->is_self ? 0 : ms_between(n->last_seen, now));
}

static struct nx_bytes discovered_body(struct dsoftbusd *d, struct nx_instant now,
                                       enum dsoftbusd_discovered_what what, const char *id_text)
{
    struct nx_capn_builder b;
    const struct dsb_neighbour *n = id_text[0] == '\0' ? NULL : neighbour_of(d, id_text);

    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_discovered_builder body = dsoftbusd_discovered_new_root(&b);
    dsoftbusd_discovered_set_what(body, what);
    if (id_text[0] != '\0') {
        struct dsoftbusd_device_builder device = dsoftbusd_discovered_init_device(body);

        if (n == NULL || what == DSOFTBUSD_DISCOVERED_WHAT_GONE)
            dsoftbusd_device_set_id(device, text(id_text));
        else
            put_device(device, n, now);
    }
    return finish(&b);
}

/* ---- peers ----------------------------------------------------------------------------------- */

static void put_last_end(struct dsoftbusd_peer_builder peer, const struct dsoftbusd *d,
                         const char *id_text, struct nx_instant now)
{
    for (uint32_t i = 0; i < d->end_count; i++) {
        const struct dsoftbusd_last_end *last = &d->ends[i];

        if (!nx_bytes_equal(text(last->id_text), text(id_text)))
            continue;
        dsoftbusd_peer_set_one_sided(peer, last->is_one_sided);
        if (last->end.status == NX_OK)
            return; /* no session ended, it was refused */
        struct dsoftbusd_session_end_builder end = dsoftbusd_peer_init_last_end(peer);
        dsoftbusd_session_end_set_status(end, last->end.status);
        dsoftbusd_session_end_set_by_peer(end, last->end.by_peer);
        dsoftbusd_session_end_set_code(end, last->end.code);
        dsoftbusd_session_end_set_why(end, text(last->end.why.text));
        dsoftbusd_session_end_set_ago_ms(end, ms_between(last->at, now));
        dsoftbusd_session_end_set_unconfirmed_messages(end, last->end.unconfirmed.messages);
        dsoftbusd_session_end_set_unconfirmed_bytes(end, last->end.unconfirmed.bytes);
        return;
    }
}

static enum dsoftbusd_session_state session_state(const struct dsoftbusd *d, const char *id_text)
{
    const struct dsb_reach_device *device = dsb_reach_find(&d->config.connections->reach, id_text);

    if (dsb_connections_find(d->config.connections, id_text) != NULL)
        return DSOFTBUSD_SESSION_STATE_UP;
    return device != NULL && device->state == DSB_REACH_TRYING ? DSOFTBUSD_SESSION_STATE_DIALLING
                                                               : DSOFTBUSD_SESSION_STATE_NONE;
}

static void put_session(struct dsoftbusd_peer_builder peer, const struct dsoftbusd *d,
                        const char *id_text, struct nx_instant now)
{
    const struct dsb_connection *conn = dsb_connections_find(d->config.connections, id_text);
    char address[NX_ADDRESS_TEXT_CAP];

    dsoftbusd_peer_set_session(peer, session_state(d, id_text));
    if (conn == NULL)
        return;
    nx_address_print(&conn->address, address);
    dsoftbusd_peer_set_session_address(peer, text(address));
    dsoftbusd_peer_set_session_ms(peer, ms_between(conn->up_at, now));
    dsoftbusd_peer_set_protocol(peer, conn->session.terms.protocol);
}

static struct nx_bytes peer_body(struct dsoftbusd *d, const char *id_text, struct nx_instant now)
{
    const struct dsb_peer *pinned = dsb_registry_find_text(&d->config.node->registry, id_text);
    const struct dsb_neighbour *n = neighbour_of(d, id_text);
    const struct dsb_connection *conn = dsb_connections_find(d->config.connections, id_text);
    struct nx_capn_builder b;
    char noise_static[65] = "";

    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_peer_builder peer = dsoftbusd_peer_new_root(&b);
    if (pinned != NULL)
        hex_of(pinned->noise_static, noise_static);
    else if (conn != NULL)
        hex_of(conn->session.peer_static, noise_static);
    dsoftbusd_peer_set_id(peer, text(id_text));
    dsoftbusd_peer_set_name(peer, text(dsoftbusd_name_of(d, id_text)));
    dsoftbusd_peer_set_noise_static(peer, text(noise_static));
    dsoftbusd_peer_set_is_paired(peer, pinned != NULL);
    dsoftbusd_peer_set_paired_at_s(peer, pinned == NULL ? 0 : pinned->paired_at_s);
    dsoftbusd_peer_set_is_present(peer, n != NULL && n->is_present);
    put_addresses(dsoftbusd_peer_init_addresses(peer, address_count(n)), n);
    put_session(peer, d, id_text, now);
    put_last_end(peer, d, id_text, now);
    return finish(&b);
}

/* One that takes us for paired and is not: worth telling while it is here. */
static bool is_one_sided(const struct dsoftbusd *d, const struct dsoftbusd_last_end *end)
{
    const struct dsb_neighbour *n = neighbour_of(d, end->id_text);

    return end->is_one_sided && n != NULL && n->is_present;
}

/* One after the other: who is paired, who has a v1 session, who takes us for paired; some of them
 * twice. False: there is none at this place. */
static bool peer_at(const struct dsoftbusd *d, uint32_t i, char id_text[DSB_ID_TEXT_MAX + 1])
{
    const struct dsb_registry *registry = &d->config.node->registry;
    const struct dsb_connections *c = d->config.connections;

    if (i < dsb_registry_count(registry)) {
        memcpy(id_text, dsb_registry_at(registry, i)->id_text, DSB_ID_TEXT_MAX + 1);
        return true;
    }
    i -= dsb_registry_count(registry);
    if (i < c->used_end) {
        const struct dsb_connection *conn = &c->config.places[i];

        nx_hex_encode(nx_bytes_of(conn->session.peer.id, DSB_ID_LEN), id_text);
        return conn->is_v1_up;
    }
    i -= c->used_end;
    memcpy(id_text, d->ends[i].id_text, DSB_ID_TEXT_MAX + 1);
    return is_one_sided(d, &d->ends[i]);
}

/* The least id above `after` of all of them; false: none. */
static bool next_peer(const struct dsoftbusd *d, const char *after, char next[DSB_ID_TEXT_MAX + 1])
{
    uint32_t count = dsb_registry_count(&d->config.node->registry) +
                     d->config.connections->used_end + d->end_count;
    struct nx_text t = nx_text_over(next, DSB_ID_TEXT_MAX + 1);
    char least[DSB_ID_TEXT_MAX + 1] = "";

    for (uint32_t i = 0; i < count; i++) {
        char id_text[DSB_ID_TEXT_MAX + 1];

        if (!peer_at(d, i, id_text))
            continue;
        if (nx_bytes_compare(text(id_text), text(after)) > 0 &&
            (least[0] == '\0' || nx_bytes_compare(text(id_text), text(least)) < 0))
            memcpy(least, id_text, sizeof(least));
    }
    nx_text_add(&t, least);
    return least[0] != '\0';
}

/* ---- pairing --------------------------------------------------------------------------------- */

static struct nx_bytes begun_body(struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    const struct dsb_neighbour *n = neighbour_of(d, call->id_text);
    struct nx_capn_builder b;
    char noise_static[65] = "";

    if (n != NULL)
        hex_of(n->noise_static, noise_static);
    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_pairing_begun_builder begun = dsoftbusd_pairing_begun_new_root(&b);
    dsoftbusd_pairing_begun_set_id(begun, text(call->id_text));
    dsoftbusd_pairing_begun_set_name(begun, text(dsoftbusd_name_of(d, call->id_text)));
    dsoftbusd_pairing_begun_set_noise_static(begun, text(noise_static));
    put_addresses(dsoftbusd_pairing_begun_init_addresses(begun, address_count(n)), n);
    dsoftbusd_pairing_begun_set_code(begun, text(call->secret_code));
    dsoftbusd_pairing_begun_set_life_ms(begun, DSB_PAIRING_CODE_LIFE_S * 1000);
    return finish(&b);
}

/* ---- replies --------------------------------------------------------------------------------- */

static struct nx_bytes failure_body(struct dsoftbusd *d, struct nx_instant now,
                                    const struct dsoftbusd_call *call)
{
    struct dsoftbusd_device found[DSOFTBUSD_CANDIDATES_MAX];
    struct nx_capn_builder b;
    size_t count = 0;

    if (call->is_ambiguous)
        count = dsoftbusd_find_devices(d, now, text(call->asked), (enum dsoftbusd_among)call->among,
                                       found, DSOFTBUSD_CANDIDATES_MAX);
    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_failure_builder failure = dsoftbusd_failure_new_root(&b);
    dsoftbusd_failure_set_why(failure, text(call->why.text));
    dsoftbusd_failure_set_code_spent(failure, call->is_spent);
    dsoftbusd_failure_set_by_peer(failure, call->by_peer);
    if (count > 0) {
        struct nx_capn_list_builder list =
            dsoftbusd_failure_init_candidates(failure, (uint32_t)count);

        for (uint32_t i = 0; i < count; i++) {
            struct dsoftbusd_candidate_builder candidate = dsoftbusd_candidate_edit_at(list, i);

            dsoftbusd_candidate_set_id(candidate, text(found[i].id_text));
            dsoftbusd_candidate_set_name(candidate, text(found[i].name));
            dsoftbusd_candidate_set_last_seen_ms(candidate, found[i].last_seen_ms);
        }
    }
    return finish(&b);
}

/* As it is called now, or was when it was asked about: one that was unpaired is forgotten by now. */
static const char *name_for(const struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    const char *name = dsoftbusd_name_of(d, call->id_text);

    return name[0] != '\0' ? name : call->name;
}

/* Paired and Opened: the device, by id and name. */
static struct nx_bytes named_body(struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    struct nx_capn_builder b;

    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    if (call->head.operation == DSOFTBUSD_OPERATION_OPEN ||
        call->head.operation == DSOFTBUSD_OPERATION_LISTEN) {
        struct dsoftbusd_opened_builder opened = dsoftbusd_opened_new_root(&b);

        dsoftbusd_opened_set_id(opened, text(call->id_text));
        dsoftbusd_opened_set_name(opened, text(dsoftbusd_name_of(d, call->id_text)));
    } else {
        struct dsoftbusd_paired_builder paired = dsoftbusd_paired_new_root(&b);

        dsoftbusd_paired_set_id(paired, text(call->id_text));
        dsoftbusd_paired_set_name(paired, text(name_for(d, call)));
    }
    return finish(&b);
}

static struct nx_bytes connected_body(struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    const struct dsb_connection *conn = dsb_connections_find(d->config.connections, call->id_text);
    struct nx_capn_builder b;
    char address[NX_ADDRESS_TEXT_CAP] = "";

    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_connected_builder connected = dsoftbusd_connected_new_root(&b);
    dsoftbusd_connected_set_id(connected, text(call->id_text));
    dsoftbusd_connected_set_name(connected, text(dsoftbusd_name_of(d, call->id_text)));
    if (conn != NULL) {
        nx_address_print(&conn->address, address);
        dsoftbusd_connected_set_protocol(connected, conn->session.terms.protocol);
    }
    dsoftbusd_connected_set_address(connected, text(address));
    return finish(&b);
}

static struct nx_bytes pong_body(struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    struct nx_capn_builder b;

    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    dsoftbusd_pong_set_round_trip_ns(dsoftbusd_pong_new_root(&b), call->round_trip.ns);
    return finish(&b);
}

static struct nx_bytes answer_body(struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    struct nx_capn_builder b;

    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_answer_builder answer = dsoftbusd_answer_new_root(&b);
    dsoftbusd_answer_set_id(answer, text(call->id_text));
    dsoftbusd_answer_set_name(answer, text(dsoftbusd_name_of(d, call->id_text)));
    dsoftbusd_answer_set_body(answer, nx_bytes_of(dsoftbusd_body_of(d, call), call->body_len));
    return finish(&b);
}

static void put_finding(struct dsoftbusd_finding_builder b, enum dsb_rung rung,
                        const struct dsb_finding *finding)
{
    dsoftbusd_finding_set_rung(b, (uint16_t)rung);
    dsoftbusd_finding_set_word(b, text(dsb_rung_word(rung)));
    dsoftbusd_finding_set_state(b, (enum dsoftbusd_rung_state)finding->state);
    dsoftbusd_finding_set_evidence(b, text(finding->evidence.text));
}

_Static_assert((int)DSOFTBUSD_RUNG_STATE_FAILED == (int)DSB_RUNG_FAILED,
               "the schema's numbers are the machine's own");

static struct nx_bytes diagnosis_body(struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    const struct dsb_diagnosis *found = &d->doctor.diagnosis;
    struct nx_capn_builder b;
    uint32_t count = 0, i = 0;

    for (enum dsb_rung rung = DSB_RUNG_INTERFACE; rung != 0; rung = dsb_rung_next(rung))
        count++;
    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_diagnosis_builder body = dsoftbusd_diagnosis_new_root(&b);
    struct nx_capn_list_builder rungs = dsoftbusd_diagnosis_init_rungs(body, count);
    for (enum dsb_rung rung = DSB_RUNG_INTERFACE; rung != 0; rung = dsb_rung_next(rung))
        put_finding(dsoftbusd_finding_edit_at(rungs, i++), rung, &found->rungs[rung]);
    dsoftbusd_diagnosis_set_cause(body, text(dsb_cause_word(found->cause)));
    dsoftbusd_diagnosis_set_remedy(body, text(dsb_cause_remedy(found->cause)));
    dsoftbusd_diagnosis_set_id(body, text(call->id_text));
    if (call->id_text[0] != '\0')
        dsoftbusd_diagnosis_set_name(body, text(dsoftbusd_name_of(d, call->id_text)));
    return finish(&b);
}

struct nx_bytes dsoftbusd_reply_body(struct dsoftbusd *d, struct nx_instant now,
                                     const struct dsoftbusd_call *call)
{
    if (call->status != NX_OK)
        return failure_body(d, now, call);
    switch (call->head.operation) {
    case DSOFTBUSD_OPERATION_STATUS:
        return status_body(d, now);
    case DSOFTBUSD_OPERATION_CONNECT:
    case DSOFTBUSD_OPERATION_CONNECT_V1:
        return connected_body(d, call);
    case DSOFTBUSD_OPERATION_PING:
        return pong_body(d, call);
    case DSOFTBUSD_OPERATION_CALL:
        return answer_body(d, call);
    case DSOFTBUSD_OPERATION_DOCTOR:
        return diagnosis_body(d, call);
    case DSOFTBUSD_OPERATION_LIMITS:
        return dsoftbusd_limits_body(d, now);
    case DSOFTBUSD_OPERATION_DISCOVER:
    case DSOFTBUSD_OPERATION_PEERS:
        return (struct nx_bytes){NULL, 0};
    default:
        return named_body(d, call);
    }
}

/* ---- news ------------------------------------------------------------------------------------ */

static bool send_one(struct dsoftbusd *d, struct dsoftbusd_client *client,
                     const struct dsoftbusd_call *call, struct nx_bytes body)
{
    const struct nx_ipc_head head = nx_ipc_news_head(&call->head);

    return dsoftbusd_send(d, client, &head, body);
}

static bool send_first(struct dsoftbusd *d, struct dsoftbusd_client *client,
                       struct dsoftbusd_call *call)
{
    bool is_pairing = call->head.operation != DSOFTBUSD_OPERATION_LISTEN;
    struct nx_bytes body = is_pairing ? begun_body(d, call) : (struct nx_bytes){NULL, 0};
    bool was_sent = send_one(d, client, call, body);

    if (is_pairing)
        nx_crypto_wipe(d->body, body.len);
    if (!was_sent)
        return false;
    nx_crypto_wipe(call->secret_code, sizeof(call->secret_code));
    call->news_due = false;
    return true;
}

static bool list_devices(struct dsoftbusd *d, struct nx_instant now,
                         struct dsoftbusd_client *client, struct dsoftbusd_call *call)
{
    const struct dsb_neighbour *next;

    while (dsb_discovery_list(&d->config.node->discovery, now, text(call->after), &next, 1) == 1) {
        if (!send_one(d, client, call,
                      discovered_body(d, now, DSOFTBUSD_DISCOVERED_WHAT_HERE, next->id)))
            return false;
        memcpy(call->after, next->id, sizeof(call->after));
    }
    if (!call->watches) {
        dsoftbusd_done(call, NX_OK, NULL);
        return true;
    }
    if (!send_one(d, client, call, discovered_body(d, now, DSOFTBUSD_DISCOVERED_WHAT_LISTED, "")))
        return false;
    call->state = DSOFTBUSD_CALL_WATCHES;
    return true;
}

static bool list_peers(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_client *client,
                       struct dsoftbusd_call *call)
{
    char next[DSB_ID_TEXT_MAX + 1];

    while (next_peer(d, call->after, next)) {
        if (!send_one(d, client, call, peer_body(d, next, now)))
            return false;
        memcpy(call->after, next, sizeof(call->after));
    }
    dsoftbusd_done(call, NX_OK, NULL);
    return true;
}

static enum dsoftbusd_discovered_what what_of(enum dsb_discovery_event_kind kind)
{
    switch (kind) {
    case DSB_DISCOVERY_SEEN:
        return DSOFTBUSD_DISCOVERED_WHAT_SEEN;
    case DSB_DISCOVERY_CHANGED:
        return DSOFTBUSD_DISCOVERED_WHAT_CHANGED;
    case DSB_DISCOVERY_GONE:
        return DSOFTBUSD_DISCOVERED_WHAT_GONE;
    case DSB_DISCOVERY_KEY_CONFLICT:
        return DSOFTBUSD_DISCOVERED_WHAT_KEY_CONFLICT;
    case DSB_DISCOVERY_MISSED:
        break;
    }
    return DSOFTBUSD_DISCOVERED_WHAT_MISSED;
}

static bool tell_changes(struct dsoftbusd *d, struct nx_instant now,
                         struct dsoftbusd_client *client, struct dsoftbusd_call *call)
{
    while (call->change_count > 0) {
        const struct dsb_discovery_event *change = &call->changes[call->change_first];

        if (!send_one(d, client, call, discovered_body(d, now, what_of(change->kind), change->id)))
            return false;
        call->change_first = (call->change_first + 1) % DSOFTBUSD_NEWS_MAX;
        call->change_count--;
    }
    if (call->has_missed &&
        send_one(d, client, call, discovered_body(d, now, DSOFTBUSD_DISCOVERED_WHAT_MISSED, "")))
        call->has_missed = false;
    return !call->has_missed;
}

bool dsoftbusd_send_news(struct dsoftbusd *d, struct nx_instant now,
                         struct dsoftbusd_client *client, struct dsoftbusd_call *call)
{
    if (call->head.operation == DSOFTBUSD_OPERATION_WATCH)
        return call->state != DSOFTBUSD_CALL_WATCHES || dsoftbusd_tell_happened(d, client, call);
    if (call->news_due && !send_first(d, client, call))
        return false;
    if (call->state == DSOFTBUSD_CALL_LISTS)
        return call->head.operation == DSOFTBUSD_OPERATION_PEERS
                   ? list_peers(d, now, client, call)
                   : list_devices(d, now, client, call);
    if (call->state == DSOFTBUSD_CALL_WATCHES)
        return tell_changes(d, now, client, call);
    return true;
}
