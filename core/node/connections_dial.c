/* Dials: one device, several addresses at once; the first that is admitted is it. */
#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/node/connections_internal.h"
#include "core/node/judge.h"

static void copy_text(char to[DSB_ID_TEXT_MAX + 1], const char *from)
{
    struct nx_text t = nx_text_over(to, DSB_ID_TEXT_MAX + 1);

    nx_text_add(&t, from);
}

/* ---- the end of a dial ----------------------------------------------------------------------- */

/* Of several addresses' failures the one that says most: what was proved before what was refused, that
 * before what was broken, and last that nobody was there. */
static int weight_of(enum nx_status status, enum dsb_refusal refusal)
{
    if (status == NX_OK)
        return 0;
    if (status == NX_E_IDENTITY)
        return 4;
    if (refusal != DSB_REFUSAL_NONE)
        return 3;
    return status == NX_E_CRYPTO || status == NX_E_MALFORMED ? 2 : 1;
}

static void tell_failed(struct dsb_connections *c, const struct dsb_dialling *dial)
{
    struct dsb_connections_event event = {
        .kind = DSB_CONNECTIONS_DIAL_FAILED,
        .status = dial->status,
        .refusal = dial->refusal,
        .why = dial->why,
        .address = dial->address,
        .end = dial->end,
        .is_probe = dial->origin == DSB_DIAL_PROBE,
    };

    memcpy(event.id_text, dial->id_text, sizeof(event.id_text));
    dsb_connections_tell(c, &event);
}

static void fail_at_node(struct dsb_connections *c, struct nx_instant now, const char *id_text,
                         enum dsb_link_purpose purpose, enum nx_status status)
{
    struct dsb_node_dial dial = {.purpose = purpose};

    copy_text(dial.id_text, id_text);
    dsb_node_dial_failed(c->config.node, now, &dial, status);
}

static void fail_at_reach(struct dsb_connections *c, struct nx_instant now,
                          const struct dsb_dialling *dial)
{
    const struct dsb_reach_device *device = dsb_reach_find(&c->reach, dial->id_text);

    NX_CHECK(device != NULL); /* its dials go with it */
    if (device->state != DSB_REACH_TRYING)
        return; /* they were quicker */

    bool is_asked = device->is_asked;
    tell_failed(c, dial);
    (void)!dsb_reach_failed(&c->reach, now, dial->id_text, dial->status);
    if (is_asked)
        fail_at_node(c, now, dial->id_text, DSB_LINK_TO_TALK, dial->status);
}

static void end_failed(struct dsb_connections *c, struct nx_instant now, struct dsb_dialling *dial)
{
    dial->is_used = false;
    switch (dial->origin) {
    case DSB_DIAL_REACH:
        fail_at_reach(c, now, dial);
        break;
    case DSB_DIAL_PAIR:
        tell_failed(c, dial);
        fail_at_node(c, now, dial->id_text, DSB_LINK_TO_PAIR, dial->status);
        break;
    case DSB_DIAL_AGAIN:
    case DSB_DIAL_V1:
    case DSB_DIAL_PROBE:
        tell_failed(c, dial);
        break;
    }
}

/* How far the connection came. */
static struct dsb_dial_end end_of(const struct dsb_connection *conn)
{
    const struct dsb_session *s = &conn->session;
    enum dsb_session_state was = s->state == DSB_SESSION_OVER ? s->end.was : s->state;
    struct dsb_dial_end end = {
        .stage = DSB_DIAL_AT_CONNECT,
        .failure = conn->failure,
        .was_answered = conn->in_end > 0,
        .is_v1_answer = s->end.is_v1_answer,
    };

    if (conn->has_connected)
        end.stage = was == DSB_SESSION_HANDSHAKE ? DSB_DIAL_AT_HANDSHAKE : DSB_DIAL_AT_ADMISSION;
    return end;
}

void dsb_connection_try_lost(struct dsb_connections *c, struct nx_instant now,
                             struct dsb_connection *conn, enum nx_status status,
                             enum dsb_refusal refusal, const char *why)
{
    if (conn->dial == DSB_CONNECTION_NONE)
        return;

    struct dsb_dialling *dial = &c->dials[conn->dial];
    conn->dial = DSB_CONNECTION_NONE;
    if (weight_of(status, refusal) > weight_of(dial->status, dial->refusal)) {
        dial->status = status;
        dial->refusal = refusal;
        dial->address = conn->address;
        dial->end = end_of(conn);
        nx_why_set(&dial->why, why);
    }
    if (--dial->try_count == 0)
        end_failed(c, now, dial);
}

/* Every other try of this dial, without a word about it. */
static void drop_tries(struct dsb_connections *c, struct nx_instant now, uint32_t dial)
{
    for (uint32_t i = 0; i < c->config.cap; i++) {
        struct dsb_connection *conn = &c->config.places[i];

        if (conn->state == DSB_CONNECTION_FREE || conn->dial != dial)
            continue;
        conn->dial = DSB_CONNECTION_NONE;
        dsb_connection_close(c, now, conn);
    }
    c->dials[dial].is_used = false;
}

void dsb_connection_try_won(struct dsb_connections *c, struct nx_instant now,
                            struct dsb_connection *conn)
{
    uint32_t dial = conn->dial;

    if (dial == DSB_CONNECTION_NONE)
        return;
    conn->dial = DSB_CONNECTION_NONE;
    drop_tries(c, now, dial);
}

static bool is_of(const struct dsb_dialling *dial, const char *id_text)
{
    return dial->is_used &&
           nx_bytes_equal(nx_bytes_of_text(dial->id_text), nx_bytes_of_text(id_text));
}

void dsb_connections_drop_dials_of(struct dsb_connections *c, struct nx_instant now,
                                   const char *id_text)
{
    for (uint32_t i = 0; i < DSB_DIALS_MAX; i++) {
        enum dsb_dial_origin origin = c->dials[i].origin;

        if (is_of(&c->dials[i], id_text) && origin != DSB_DIAL_PAIR && origin != DSB_DIAL_V1)
            drop_tries(c, now, i);
    }
}

void dsb_connections_drop_dials(struct dsb_connections *c, struct nx_instant now)
{
    for (uint32_t i = 0; i < DSB_DIALS_MAX; i++) {
        if (c->dials[i].is_used)
            drop_tries(c, now, i);
    }
}

/* ---- the beginning --------------------------------------------------------------------------- */

static uint32_t free_index(const struct dsb_connections *c)
{
    uint32_t i = 0;

    while (i < DSB_DIALS_MAX && c->dials[i].is_used)
        i++;
    return i;
}

static struct dsb_dialling *free_dial(struct dsb_connections *c)
{
    uint32_t index = free_index(c);

    return index == DSB_DIALS_MAX ? NULL : &c->dials[index];
}

bool dsb_connections_can_dial(const struct dsb_connections *c)
{
    return free_index(c) < DSB_DIALS_MAX;
}

static bool is_dialling(const struct dsb_connections *c, const char *id_text)
{
    for (uint32_t i = 0; i < DSB_DIALS_MAX; i++) {
        if (is_of(&c->dials[i], id_text))
            return true;
    }
    return false;
}

/* A dial without a try yet. */
static void begin(struct dsb_dialling *dial, enum dsb_dial_origin origin, const char *id_text)
{
    *dial = (struct dsb_dialling){.origin = origin};
    copy_text(dial->id_text, id_text);
    NX_CHECK(dsb_id_of_text(DSB_WORLD_NET, id_text, dial->id) == NX_OK); /* who asks has looked */
    dial->is_used = true;
}

/* One more address. What comes of it comes by try_lost or try_won; what could not even begin counts as
 * a failure of the dial, if it has no other. */
static enum nx_status try_address(struct dsb_connections *c, struct nx_instant now,
                                  struct dsb_dialling *dial, const struct nx_address *address,
                                  struct nx_net_fault *fault)
{
    const struct dsb_session_dial session = {
        .id = dial->id,
        .noise_static = dial->noise_static,
        .purpose = dial->origin == DSB_DIAL_PAIR ? DSB_PURPOSE_PAIR : DSB_PURPOSE_SESSION,
        .is_paired = dsb_registry_find(&c->config.node->registry, dial->id) != NULL,
        .protocol = dial->origin == DSB_DIAL_V1 ? DSB_PROTOCOL_V1 : DSB_PROTOCOL_NATIVE,
    };
    uint32_t patience_s = dial->origin == DSB_DIAL_PROBE ? DSB_DIAL_PROBE_S : DSB_DIAL_TRY_S;
    struct dsb_connection *conn = dsb_connections_place(c, now);

    if (conn == NULL)
        return NX_E_LIMIT;
    enum nx_status status =
        dsb_session_dial(&conn->session, now, c->config.own, c->config.rng, &session);
    if (status == NX_OK)
        status =
            nx_net_connect(&c->config.net, address, nx_instant_after(now, nx_seconds(patience_s)),
                           &conn->socket, fault);
    if (status != NX_OK) {
        dsb_session_wipe(&conn->session);
        return status;
    }
    conn->state = DSB_CONNECTION_CONNECTING;
    conn->address = *address;
    conn->dial = (uint32_t)(dial - c->dials);
    dial->try_count++;
    return NX_OK;
}

static void fail_begun(struct dsb_connections *c, struct nx_instant now, struct dsb_dialling *dial,
                       enum nx_status status, const char *why)
{
    dial->status = status;
    nx_why_set(&dial->why, why);
    end_failed(c, now, dial);
}

/* The addresses that discovery knows of this device, all at once. */
static void try_all(struct dsb_connections *c, struct nx_instant now, struct dsb_dialling *dial)
{
    const struct dsb_neighbour *n =
        dsb_discovery_find(&c->config.node->discovery, nx_bytes_of_text(dial->id_text));
    const struct dsb_peer *peer = dsb_registry_find(&c->config.node->registry, dial->id);
    struct nx_net_fault fault = {0};
    enum nx_status status = NX_E_NOT_FOUND;

    if (n == NULL || n->candidate_count == 0) {
        fail_begun(c, now, dial, NX_E_NOT_FOUND, "no address of it is known");
        return;
    }
    memcpy(dial->noise_static, peer != NULL ? peer->noise_static : n->noise_static,
           sizeof(dial->noise_static));
    for (uint8_t i = 0; i < n->candidate_count; i++) {
        enum nx_status tried = try_address(c, now, dial, &n->candidates[i].address, &fault);

        status = tried == NX_OK ? status : tried;
    }
    if (dial->try_count == 0)
        fail_begun(c, now, dial, status,
                   fault.why.text[0] != '\0' ? fault.why.text : nx_status_text(status));
}

/* A person wants a session with it. */
static void hurry(struct dsb_connections *c, struct nx_instant now, const char *id_text)
{
    const struct dsb_reach_device *device;

    if (dsb_registry_find_text(&c->config.node->registry, id_text) != NULL)
        (void)!dsb_reach_want(&c->reach, now, id_text); /* paired, and that was not told yet */
    device = dsb_reach_find(&c->reach, id_text);
    if (device != NULL && device->state == DSB_REACH_UP) /* the last one is still ending */
        fail_at_node(c, now, id_text, DSB_LINK_TO_TALK, NX_E_BUSY);
    else if (dsb_reach_hurry(&c->reach, now, id_text, DSB_REACH_PERSON) != NX_OK)
        fail_at_node(c, now, id_text, DSB_LINK_TO_TALK, NX_E_NOT_FOUND);
}

static void dial_for_node(struct dsb_connections *c, struct nx_instant now,
                          const struct dsb_node_dial *asked)
{
    if (asked->purpose == DSB_LINK_TO_TALK) {
        hurry(c, now, asked->id_text);
        return;
    }

    struct dsb_dialling *dial = free_dial(c);
    if (dial == NULL) {
        fail_at_node(c, now, asked->id_text, DSB_LINK_TO_PAIR, NX_E_BUSY);
        return;
    }
    begin(dial, DSB_DIAL_PAIR, asked->id_text);
    try_all(c, now, dial);
}

void dsb_connections_dial_due(struct dsb_connections *c, struct nx_instant now)
{
    struct dsb_node_dial asked;
    char id_text[DSB_ID_TEXT_MAX + 1];
    struct dsb_dialling *dial;

    while (dsb_node_dial(c->config.node, &asked))
        dial_for_node(c, now, &asked);
    while ((dial = free_dial(c)) != NULL && dsb_reach_next(&c->reach, now, id_text)) {
        begin(dial, DSB_DIAL_REACH, id_text);
        try_all(c, now, dial);
    }
}

void dsb_connections_dial_again(struct dsb_connections *c, struct nx_instant now,
                                struct dsb_connection *conn)
{
    char id_text[DSB_ID_TEXT_MAX + 1];
    struct dsb_dialling *dial = free_dial(c);

    conn->again_at = nx_instant_after(now, nx_seconds(DSB_SESSION_AGAIN_S)); /* if it fails */
    nx_hex_encode(nx_bytes_of(conn->session.peer.id, DSB_ID_LEN), id_text);
    if (dial == NULL || is_dialling(c, id_text))
        return;
    begin(dial, DSB_DIAL_AGAIN, id_text);
    memcpy(dial->noise_static, conn->session.peer_static, sizeof(dial->noise_static));
    if (try_address(c, now, dial, &conn->address, NULL) != NX_OK)
        dial->is_used = false;
}

enum nx_status dsb_connections_probe(struct dsb_connections *c, struct nx_instant now,
                                     const char *id_text)
{
    struct dsb_dialling *dial = free_dial(c);

    if (c->is_shut_down)
        return NX_E_CLOSED;
    if (is_dialling(c, id_text))
        return NX_OK;
    if (dial == NULL)
        return NX_E_BUSY;
    begin(dial, DSB_DIAL_PROBE, id_text);
    try_all(c, now, dial);
    return NX_OK;
}

enum nx_status dsb_connections_dial_v1(struct dsb_connections *c, struct nx_instant now,
                                       const struct nx_address *address,
                                       const uint8_t id[DSB_ID_LEN],
                                       const uint8_t noise_static[NX_X25519_LEN],
                                       struct nx_net_fault *fault)
{
    char id_text[DSB_ID_TEXT_MAX + 1];
    struct dsb_dialling *dial = free_dial(c);
    enum nx_status status = dsb_node_judge_v1(c->config.node, id, noise_static, true);

    if (status != NX_OK)
        return status;
    nx_hex_encode(nx_bytes_of(id, DSB_ID_LEN), id_text);
    if (dial == NULL || is_dialling(c, id_text))
        return NX_E_BUSY;
    begin(dial, DSB_DIAL_V1, id_text);
    memcpy(dial->noise_static, noise_static, sizeof(dial->noise_static));
    status = try_address(c, now, dial, address, fault);
    dial->is_used = status == NX_OK;
    return status;
}
