#include "tests/attacks/attacker.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

void attacker_move(struct attacker *m, uint8_t net, uint8_t host)
{
    m->host = fakenet_add(&m->fabric->net, fabric_address(net, host, 0));
    m->net = fake_host_as_net(m->host);
    m->address = fabric_address(net, host, FABRIC_PORT);
}

void attacker_init(struct attacker *m, struct fabric *f, uint8_t number)
{
    uint8_t seed[NX_ED25519_SEED_LEN];

    memset(m, 0, sizeof(*m));
    memset(seed, 0xa0 + number, sizeof(seed));
    m->fabric = f;
    dsb_identity_init(&m->identity, seed);
    dsb_credentials_init(&m->credentials, &m->identity);
    nx_prng_init(&m->prng, number, "attacker");
    attacker_move(m, ATTACKER_NET, number);
}

struct dsb_pairing_device attacker_device(const struct attacker *m)
{
    struct dsb_pairing_device device = {0};

    memcpy(device.id, m->identity.id, sizeof(device.id));
    memcpy(device.ed25519, m->identity.ed25519, sizeof(device.ed25519));
    memcpy(device.noise_static, m->identity.noise_static, sizeof(device.noise_static));
    return device;
}

void attacker_announce(struct fabric_device *d, const char *id_text,
                       const uint8_t noise_static[NX_X25519_LEN], struct nx_address at)
{
    struct dsb_beacon beacon = {.device_id = nx_bytes_of_text(id_text), .port = at.port};
    uint8_t bytes[DSB_BEACON_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    memcpy(beacon.noise_static, noise_static, sizeof(beacon.noise_static));
    EXPECT_STATUS(dsb_beacon_encode(&beacon, &out, NULL), NX_OK);
    at.port = DSB_DISCOVERY_PORT;
    (void)dsb_node_datagram_input(&d->node, d->fabric->now, at, nx_writer_bytes(&out));
    d->is_touched = true;
}

void attacker_listen(struct attacker *m)
{
    EXPECT_STATUS(nx_net_listen(&m->net, &m->address, NX_NET_BACKLOG_MAX, &m->listener, NULL),
                  NX_OK);
}

void attacks_note(const char *what, uint64_t count)
{
    char text[120];
    struct nx_text t = nx_text_over(text, sizeof(text));

    nx_text_add(&t, what);
    nx_text_add(&t, ": ");
    nx_text_add_u64(&t, count);
    unit_note(text);
}

/* ---- bytes ------------------------------------------------------------------------------------ */

static void begin_line(struct line *line, struct attacker *m, bool is_initiator)
{
    memset(line, 0, offsetof(struct line, in));
    line->attacker = m;
    line->is_initiator = is_initiator;
    line->frames_at = line->frames_len = 0;
    line->end = NX_OK;
}

void line_connect(struct line *line, struct attacker *m, struct nx_address to)
{
    begin_line(line, m, true);
    EXPECT_STATUS(nx_net_connect(&m->net, &to, NX_NEVER, &line->socket, NULL), NX_OK);
    line->state = LINE_CONNECTED;
    fabric_settle(m->fabric);
}

bool line_accept(struct line *line, struct attacker *m)
{
    struct nx_address from;

    begin_line(line, m, false);
    if (nx_net_accept(&m->net, m->listener, &line->socket, &from) != NX_OK)
        return false;
    line->state = LINE_CONNECTED;
    fabric_settle(m->fabric);
    return true;
}

/* What his own machine is told is of no use to him: he looks for himself. */
static void drop_events(struct attacker *m)
{
    struct nx_net_event event;

    while (nx_net_event(&m->net, &event))
        ;
}

void line_say(struct line *line, struct nx_bytes bytes)
{
    struct attacker *m = line->attacker;

    while (bytes.len > 0) {
        size_t sent = 0;

        line->end = nx_net_send(&m->net, line->socket, &bytes, 1, &sent);
        if (line->end != NX_OK)
            break;
        bytes = nx_bytes_skip(bytes, sent);
        fabric_settle(m->fabric);
    }
    fabric_settle(m->fabric);
    drop_events(m);
}

void line_hear(struct line *line)
{
    struct attacker *m = line->attacker;
    enum nx_status status = NX_OK;

    while (line->state != LINE_CLOSED && status == NX_OK && line->in_len < sizeof(line->in)) {
        struct nx_net_room room = {line->in + line->in_len, sizeof(line->in) - line->in_len};
        size_t received = 0;

        status = nx_net_receive(&m->net, line->socket, &room, 1, &received);
        if (status == NX_OK) {
            line->in_len += received;
            line->heard_count += received;
        } else {
            line->end = status;
        }
        fabric_settle(m->fabric);
    }
    drop_events(m);
}

bool line_is_cut(struct line *line)
{
    line_hear(line);
    return line->end != NX_OK && line->end != NX_WOULD_BLOCK;
}

void line_close(struct line *line)
{
    if (line->state == LINE_CLOSED)
        return;
    nx_net_close(&line->attacker->net, line->socket);
    dsb_handshake_wipe(&line->handshake);
    dsb_records_wipe(&line->records);
    line->state = LINE_CLOSED;
    fabric_settle(line->attacker->fabric);
    drop_events(line->attacker);
}

static void use(struct line *line, size_t count)
{
    line->in_len -= count;
    memmove(line->in, line->in + count, line->in_len);
}

/* ---- handshake -------------------------------------------------------------------------------- */

static void say_handshake(struct line *line)
{
    struct nx_rng rng = nx_prng_as_rng(&line->attacker->prng);
    uint8_t bytes[DSB_HANDSHAKE_FRAME_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    EXPECT_STATUS(dsb_handshake_output(&line->handshake, &rng, &out), NX_OK);
    line_say(line, nx_writer_bytes(&out));
}

/* The next message of the other side. */
static bool hear_handshake(struct line *line)
{
    size_t used = 0;

    line_hear(line);
    if (dsb_handshake_input(&line->handshake, nx_bytes_of(line->in, line->in_len), &used, NULL) !=
        NX_OK)
        return false;
    use(line, used);
    return true;
}

static bool has_shaken(struct line *line)
{
    line->peer = line->handshake.peer;
    memcpy(line->h, line->handshake.noise.h, sizeof(line->h));
    EXPECT_STATUS(dsb_records_init(&line->records, &line->handshake.noise), NX_OK);
    line->state = LINE_SHAKEN;
    return true;
}

static const struct dsb_credentials *his(const struct line *line, const struct dsb_credentials *as)
{
    return as == NULL ? &line->attacker->credentials : as;
}

void line_begin(struct line *line, const struct fabric_device *to, const struct dsb_credentials *as)
{
    EXPECT_STATUS(dsb_handshake_dial(&line->handshake, his(line, as), to->identity.id,
                                     to->identity.noise_static),
                  NX_OK);
    say_handshake(line);
}

bool line_shake(struct line *line, const struct fabric_device *to, const struct dsb_credentials *as)
{
    line_begin(line, to, as);
    if (!hear_handshake(line))
        return false;
    say_handshake(line);
    return has_shaken(line);
}

bool line_shake_back(struct line *line, const struct dsb_credentials *as)
{
    dsb_handshake_accept(&line->handshake, his(line, as));
    if (!hear_handshake(line))
        return false;
    say_handshake(line);
    return hear_handshake(line) && has_shaken(line);
}

/* ---- admission -------------------------------------------------------------------------------- */

void line_make_request(struct line *line, const struct dsb_identity *as, enum dsb_purpose purpose,
                       bool is_paired)
{
    struct dsb_connect_request *r = &line->request;
    const struct dsb_attested attested = {
        .by_initiator = true,
        .h = line->h,
        .own_id = as->id,
        .peer_id = line->peer.id,
        .protocol = DSB_PROTOCOL_NATIVE,
        .purpose = (uint16_t)purpose,
        .is_paired = is_paired,
    };

    *r = (struct dsb_connect_request){
        .protocol = DSB_PROTOCOL_NATIVE,
        .purpose = (uint16_t)purpose,
        .is_paired = is_paired,
        .has_attestation = true,
    };
    memcpy(r->id, as->id, sizeof(r->id));
    dsb_attest(&attested, as, r->attestation);
}

/* The plaintext of the next record, lent until more is heard; empty: none came, or it did not open. */
static struct nx_bytes open_record(struct line *line, size_t *used)
{
    struct nx_bytes plain = {NULL, 0};

    *used = 0;
    if (dsb_records_open(&line->records, line->attacker->fabric->now, line->in, line->in_len,
                         &plain, used) != NX_OK)
        return (struct nx_bytes){NULL, 0};
    return plain;
}

static void come_up(struct line *line)
{
    bool is_v1 = line->response.protocol == DSB_PROTOCOL_V1;

    dsb_records_admit(&line->records, is_v1 ? DSB_RECORDS_V1 : DSB_RECORDS_NATIVE);
    line->state = LINE_UP;
}

bool line_ask(struct line *line)
{
    uint8_t bytes[DSB_ADMISSION_LEN_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    size_t used;

    EXPECT_STATUS(dsb_connect_request_encode(&line->request, &out), NX_OK);
    line_say_record(line, nx_writer_bytes(&out));
    line_hear(line);
    struct nx_bytes plain = open_record(line, &used);
    if (plain.len == 0 || dsb_connect_response_decode(plain, &line->response) != NX_OK)
        return false;
    use(line, used);
    if (!line->response.ok)
        return false;
    come_up(line);
    return true;
}

bool line_take_request(struct line *line)
{
    size_t used;

    line_hear(line);
    struct nx_bytes plain = open_record(line, &used);
    if (plain.len == 0 || dsb_connect_request_decode(plain, &line->request) != NX_OK)
        return false;
    use(line, used);
    return true;
}

void line_make_response(struct line *line, const struct dsb_identity *as)
{
    struct dsb_connect_response *r = &line->response;
    const struct dsb_attested attested = {
        .h = line->h,
        .own_id = as->id,
        .peer_id = line->peer.id,
        .protocol = DSB_PROTOCOL_NATIVE,
        .purpose = line->request.purpose,
        .is_paired = line->request.is_paired,
    };

    *r = (struct dsb_connect_response){
        .ok = true,
        .protocol = DSB_PROTOCOL_NATIVE,
        .is_paired = line->request.is_paired,
        .has_attestation = true,
    };
    dsb_attest(&attested, as, r->attestation);
}

void line_respond(struct line *line)
{
    uint8_t bytes[DSB_ADMISSION_LEN_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    EXPECT_STATUS(dsb_connect_response_encode(&line->response, &out), NX_OK);
    line_say_record(line, nx_writer_bytes(&out));
    if (line->response.ok)
        come_up(line);
}

bool line_dial(struct line *line, struct attacker *m, const struct fabric_device *to,
               enum dsb_purpose purpose, bool is_paired)
{
    line_connect(line, m, to->address);
    if (!line_shake(line, to, NULL))
        return false;
    line_make_request(line, &m->identity, purpose, is_paired);
    return line_ask(line);
}

bool line_answer(struct line *line, struct attacker *m)
{
    if (!line_accept(line, m) || !line_shake_back(line, NULL) || !line_take_request(line))
        return false;
    line_make_response(line, &m->identity);
    line_respond(line);
    return true;
}

/* ---- records ----------------------------------------------------------------------------------- */

void line_seal(struct line *line, struct nx_bytes plain, struct nx_writer *out)
{
    struct nx_writer place = dsb_records_room(out, DSB_RECORD_PLAIN_MAX);

    nx_write_bytes(&place, plain);
    EXPECT(!place.overflow);
    EXPECT_STATUS(dsb_records_seal(&line->records, plain.len, out), NX_OK);
}

void line_say_record(struct line *line, struct nx_bytes plain)
{
    static uint8_t bytes[DSB_RECORD_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    line_seal(line, plain, &out);
    line_say(line, nx_writer_bytes(&out));
}

void line_say_frame(struct line *line, const struct dsb_frame *frame)
{
    static uint8_t bytes[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    EXPECT_STATUS(dsb_frame_encode(frame, &out), NX_OK);
    line_say_record(line, nx_writer_bytes(&out));
}

/* Whole records into `frames`. */
static void open_all(struct line *line)
{
    size_t used;

    line_hear(line);
    for (;;) {
        struct nx_bytes plain = open_record(line, &used);

        if (plain.len == 0 || line->frames_len + plain.len > sizeof(line->frames))
            return;
        memcpy(line->frames + line->frames_len, plain.ptr, plain.len);
        line->frames_len += plain.len;
        use(line, used);
    }
}

bool line_next_frame(struct line *line, struct dsb_frame *frame)
{
    size_t used;

    if (line->frames_at == line->frames_len) {
        line->frames_at = line->frames_len = 0;
        open_all(line);
    }
    if (dsb_frame_decode(
            nx_bytes_of(line->frames + line->frames_at, line->frames_len - line->frames_at), frame,
            &used) != NX_OK)
        return false;
    line->frames_at += used;
    return true;
}

/* ---- pairing ------------------------------------------------------------------------------------ */

void line_say_pair_bytes(struct line *line, struct nx_bytes payload)
{
    const struct dsb_frame frame = {.kind = DSB_FRAME_PAIR, .body = payload};

    line_say_frame(line, &frame);
}

void line_say_pair(struct line *line, enum dsb_pairing_message_kind kind, const uint8_t *value)
{
    const struct dsb_pairing_message message = {.kind = kind, .value = value};
    uint8_t bytes[DSB_PAIRING_MESSAGE_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    dsb_pairing_message_encode(&message, &out);
    line_say_pair_bytes(line, nx_writer_bytes(&out));
}

struct dsb_pairing_message line_hear_pair(struct line *line)
{
    struct dsb_pairing_message message = {.kind = DSB_PAIRING_NO};
    struct dsb_frame frame;

    if (line_next_frame(line, &frame) && frame.kind == DSB_FRAME_PAIR)
        EXPECT_STATUS(dsb_pairing_message_decode(frame.body, &message), NX_OK);
    return message;
}

struct dsb_pairing_message line_pair_as_typist(struct line *line, const struct fabric_device *owner,
                                               const char *digits)
{
    const struct nx_rng rng = nx_prng_as_rng(&line->attacker->prng);
    struct dsb_pairing_binding binding = {.typist = attacker_device(line->attacker),
                                          .owner = owner->node.config.device};
    struct dsb_pairing_half half;
    struct dsb_pairing_confirms confirms;

    memcpy(binding.channel, line->h, sizeof(binding.channel));
    EXPECT_STATUS(dsb_pairing_prove(&binding, (const uint8_t *)digits, &rng, &half), NX_OK);
    line_say_pair(line, DSB_PAIRING_START, half.share);
    struct dsb_pairing_message message = line_hear_pair(line);
    if (message.kind != DSB_PAIRING_SHARE)
        return message;
    EXPECT_STATUS(dsb_pairing_confirm(&binding, true, &half, message.value, &confirms), NX_OK);
    line_say_pair(line, DSB_PAIRING_CONFIRM_TYPIST, confirms.secret_typist);
    return line_hear_pair(line);
}

/* ---- a wire ------------------------------------------------------------------------------------ */

static void keep(struct tape *tape, struct nx_bytes bytes)
{
    struct nx_writer out = nx_writer_over(tape->bytes, sizeof(tape->bytes));

    out.len = tape->len;
    if (nx_writer_room(&out) >= bytes.len)
        nx_write_bytes(&out, bytes);
    tape->len = out.len;
}

bool wire_open(struct wire *w, struct attacker *m, const struct fabric_device *to)
{
    w->to_far.len = w->to_near.len = 0;
    if (!line_accept(&w->near, m))
        return false;
    line_connect(&w->far, m, to->address);
    return true;
}

static bool pass(struct line *from, struct line *to, struct tape *tape)
{
    line_hear(from);
    if (from->in_len == 0)
        return false;
    keep(tape, nx_bytes_of(from->in, from->in_len));
    line_say(to, nx_bytes_of(from->in, from->in_len));
    use(from, from->in_len);
    return true;
}

bool wire_step(struct wire *w)
{
    return pass(&w->near, &w->far, &w->to_far) || pass(&w->far, &w->near, &w->to_near);
}

void wire_run(struct wire *w)
{
    while (wire_step(w))
        ;
}

void wire_close(struct wire *w)
{
    line_close(&w->near);
    line_close(&w->far);
}
