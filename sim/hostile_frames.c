/* What it says in a session: frames, mostly as they should be, and messages of pairing, hardly ever so. */
#include "core/base/memory.h"
#include "core/bus/pairing_message.h"
#include "sim/world.h"

enum {
    CHUNK_MAX = 20000, /* of one DATA frame, as a rule */
};

static const uint8_t zeros[DSB_FRAME_PAYLOAD_MAX];

/* Only what fits, whole. */
static void put(struct nx_writer *plain, const struct dsb_frame *frame)
{
    (void)!dsb_frame_encode(frame, plain);
}

/* A head that need not be one. */
static void put_head(struct nx_writer *plain, uint8_t kind, uint8_t flags, uint32_t id,
                     uint32_t len)
{
    if (nx_writer_room(plain) < DSB_FRAME_HEAD_LEN)
        return;
    nx_write_u8(plain, kind);
    nx_write_u8(plain, flags);
    nx_write_u16le(plain, 0);
    nx_write_u32le(plain, id);
    nx_write_u32le(plain, len);
}

/* ---- streams ----------------------------------------------------------------------------------- */

static uint32_t slot_of(const struct sim_attempt *a, uint32_t id)
{
    uint32_t i = 0;

    while (i < SIM_HOSTILE_STREAMS && a->ours[i] != id)
        i++;
    return i;
}

/* One of its own streams, SIM_HOSTILE_STREAMS: it has none. */
static uint32_t any_slot(struct sim_hostile *h, const struct sim_attempt *a)
{
    uint32_t first = sim_hostile_draw(h, 0, SIM_HOSTILE_STREAMS - 1);

    for (uint32_t i = 0; i < SIM_HOSTILE_STREAMS; i++) {
        if (a->ours[(first + i) % SIM_HOSTILE_STREAMS] != 0)
            return (first + i) % SIM_HOSTILE_STREAMS;
    }
    return SIM_HOSTILE_STREAMS;
}

static struct nx_bytes name_of(struct sim_hostile *h, uint32_t id, char name[16])
{
    static const char *const odd[] = {"msg/twice", "tune/a", "msg/\xff", "byte/"};
    struct nx_text t = nx_text_over(name, 16);

    if (sim_hostile_chance(h, 10))
        return nx_bytes_of_text(odd[sim_hostile_draw(h, 0, NX_COUNT_OF(odd) - 1)]);
    nx_text_add(&t, sim_hostile_chance(h, 2) ? "msg/x" : "byte/x");
    nx_text_add_u64(&t, id);
    return nx_bytes_of_text(name);
}

static void open_one(struct sim_hostile *h, struct sim_attempt *a, struct nx_writer *plain)
{
    char name[16];
    uint32_t slot = slot_of(a, 0);
    struct dsb_frame open = {.kind = DSB_FRAME_OPEN,
                             .stream_id = a->next_id,
                             .window = DSB_CREDIT_INITIAL,
                             .priority = (uint8_t)sim_hostile_draw(h, 0, 7)};

    open.body = name_of(h, a->next_id, name);
    put(plain, &open);
    a->next_id += 2;
    if (slot == SIM_HOSTILE_STREAMS)
        slot = sim_hostile_draw(h, 0, SIM_HOSTILE_STREAMS - 1); /* that one it forgets */
    a->ours[slot] = open.stream_id;
    a->credit[slot] = DSB_CREDIT_INITIAL;
}

static void send_data(struct sim_hostile *h, struct sim_attempt *a, struct nx_writer *plain)
{
    uint32_t slot = any_slot(h, a);
    uint32_t len = sim_hostile_draw(h, 0, sim_hostile_chance(h, 2) ? 200 : CHUNK_MAX);
    struct dsb_frame data = {.kind = DSB_FRAME_DATA, .ends_message = sim_hostile_chance(h, 2)};

    if (slot == SIM_HOSTILE_STREAMS) {
        open_one(h, a, plain);
        return;
    }
    if (dsb_frame_cost(len) > a->credit[slot])
        return;
    data.stream_id = a->ours[slot];
    data.body = nx_bytes_of(zeros, len);
    if (dsb_frame_encode(&data, plain) == NX_OK)
        a->credit[slot] -= dsb_frame_cost(len);
}

static void end_one(struct sim_hostile *h, struct sim_attempt *a, struct nx_writer *plain)
{
    uint32_t slot = any_slot(h, a);
    struct dsb_frame end = {.kind = DSB_FRAME_CLOSE};

    if (slot == SIM_HOSTILE_STREAMS)
        return;
    end.stream_id = a->ours[slot];
    if (sim_hostile_chance(h, 2)) {
        end.kind = DSB_FRAME_RST;
        end.code = (uint16_t)sim_hostile_draw(h, 0, 400);
        end.body = nx_bytes_of_text("so it pleases");
    }
    put(plain, &end);
    a->ours[slot] = 0;
}

/* What came on their stream is confirmed, and sometimes their stream ended. */
static void confirm(struct sim_hostile *h, struct sim_attempt *a, struct nx_writer *plain)
{
    const struct dsb_frame update = {
        .kind = DSB_FRAME_WINDOW_UPDATE, .stream_id = a->theirs, .window = a->theirs_due};
    const struct dsb_frame close = {.kind = DSB_FRAME_CLOSE, .stream_id = a->theirs};

    if (a->theirs == 0 || a->theirs_due == 0)
        return;
    put(plain, &update);
    a->theirs_due = 0;
    if (!sim_hostile_chance(h, 4))
        return;
    put(plain, &close);
    a->theirs = 0;
}

static void ping(struct sim_hostile *h, struct nx_writer *plain)
{
    const struct dsb_frame frame = {.kind =
                                        sim_hostile_chance(h, 4) ? DSB_FRAME_PONG : DSB_FRAME_PING,
                                    .body = nx_bytes_of(zeros, DSB_PING_LEN)};

    put(plain, &frame);
}

/* ---- breaches ---------------------------------------------------------------------------------- */

/* A good frame with something of it changed. */
static void spoilt(struct sim_hostile *h, struct sim_attempt *a, struct nx_writer *plain)
{
    uint8_t *at = plain->ptr + plain->len;
    const size_t room = nx_writer_room(plain);
    size_t len;
    size_t before = plain->len;

    open_one(h, a, plain);
    send_data(h, a, plain);
    len = plain->len - before;
    sim_hostile_spoil(h, at, &len, room);
    plain->len = before + len;
}

static void of_no_kind(struct sim_hostile *h, struct nx_writer *plain)
{
    const uint32_t len = sim_hostile_draw(h, 0, 20);
    const uint32_t kind = sim_hostile_draw(h, 0, 255);
    const uint32_t flags = sim_hostile_draw(h, 0, 255);
    const uint32_t id = sim_hostile_draw(h, 0, 9);

    put_head(plain, (uint8_t)kind, (uint8_t)flags, id, len);
    if (nx_writer_room(plain) >= len)
        nx_write_bytes(plain, nx_bytes_of(zeros, len));
}

/* Ids of the wrong side, smaller than before, or of nothing. */
static void of_wrong_id(struct sim_hostile *h, struct sim_attempt *a, struct nx_writer *plain)
{
    static const enum dsb_frame_kind kinds[] = {DSB_FRAME_OPEN,          DSB_FRAME_OPEN_ACK,
                                                DSB_FRAME_DATA,          DSB_FRAME_CLOSE,
                                                DSB_FRAME_WINDOW_UPDATE, DSB_FRAME_RST};
    struct dsb_frame frame = {.kind = kinds[sim_hostile_draw(h, 0, NX_COUNT_OF(kinds) - 1)]};

    frame.stream_id = sim_hostile_draw(h, 1, a->next_id + 5);
    if (frame.kind == DSB_FRAME_OPEN)
        frame.body = nx_bytes_of_text("msg/wrong");
    if (frame.kind == DSB_FRAME_OPEN || frame.kind == DSB_FRAME_OPEN_ACK ||
        frame.kind == DSB_FRAME_WINDOW_UPDATE)
        frame.window = sim_hostile_chance(h, 2) ? DSB_CREDIT_INITIAL : UINT32_MAX;
    put(plain, &frame);
}

/* More than it has credit for; or credit that nobody is owed. */
static void over_credit(struct sim_hostile *h, struct sim_attempt *a, struct nx_writer *plain)
{
    uint32_t slot = any_slot(h, a);
    struct dsb_frame frame = {.kind = DSB_FRAME_DATA, .body = nx_bytes_of(zeros, sizeof(zeros))};

    if (a->theirs != 0 && sim_hostile_chance(h, 2)) {
        frame = (struct dsb_frame){.kind = DSB_FRAME_WINDOW_UPDATE,
                                   .stream_id = a->theirs,
                                   .window = sim_hostile_draw(h, 1, UINT32_MAX)};
        frame.grows_window = sim_hostile_chance(h, 2);
        put(plain, &frame);
        return;
    }
    if (slot == SIM_HOSTILE_STREAMS)
        return;
    frame.stream_id = a->ours[slot];
    put(plain, &frame);
    frame.body.len = sim_hostile_draw(h, 0, 1) ? sizeof(zeros) : 100;
    put(plain, &frame);
}

/* Behind its own CLOSE. */
static void after_close(struct sim_hostile *h, struct sim_attempt *a, struct nx_writer *plain)
{
    uint32_t slot = any_slot(h, a);
    const struct dsb_frame close = {.kind = DSB_FRAME_CLOSE,
                                    .stream_id = slot < SIM_HOSTILE_STREAMS ? a->ours[slot] : 1};
    const struct dsb_frame data = {
        .kind = DSB_FRAME_DATA, .stream_id = close.stream_id, .body = nx_bytes_of(zeros, 5)};

    put(plain, &close);
    put(plain, sim_hostile_chance(h, 2) ? &data : &close);
}

static void storm(struct sim_hostile *h, struct sim_attempt *a, struct nx_writer *plain)
{
    uint32_t count = sim_hostile_draw(h, 2, 400);
    uint32_t what = sim_hostile_draw(h, 0, 4);
    const struct dsb_frame goaway = {.kind = DSB_FRAME_GOAWAY, .code = DSB_GOAWAY_BYE};
    struct dsb_frame empty = {.kind = DSB_FRAME_DATA};

    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = any_slot(h, a);

        empty.stream_id = slot < SIM_HOSTILE_STREAMS ? a->ours[slot] : 1;
        switch (what) {
        case 0:
            open_one(h, a, plain);
            break;
        case 1:
            ping(h, plain);
            break;
        case 2:
            open_one(h, a, plain);
            end_one(h, a, plain);
            break;
        case 3:
            put(plain, &goaway);
            break;
        default:
            put(plain, &empty);
            break;
        }
    }
}

static void go_away(struct sim_world *w, struct sim_attempt *a, struct nx_writer *plain)
{
    struct sim_hostile *h = &w->hostile;
    struct dsb_frame goaway = {.kind = DSB_FRAME_GOAWAY,
                               .last_stream_id = sim_hostile_draw(h, 0, 40),
                               .body = nx_bytes_of_text("enough")};

    goaway.code = (uint16_t)sim_hostile_draw(h, 0, 9);
    if (goaway.code == DSB_GOAWAY_UNPAIRED && !sim_hostile_chance(h, 4))
        goaway.code = DSB_GOAWAY_BYE;
    if (goaway.code == DSB_GOAWAY_UNPAIRED)
        sim_oracle_unpairs(w, &w->devices[h->device], &w->devices[a->victim]);
    put(plain, &goaway);
}

/* A stream and all that its first credit lets it send, and so much more, in one record, so that nobody
 * pulls meanwhile. */
static void whole_credit(struct sim_attempt *a, const char *name, uint32_t more,
                         struct nx_writer *plain)
{
    enum {
        SMALL = 400
    };
    const struct dsb_frame open = {.kind = DSB_FRAME_OPEN,
                                   .stream_id = a->next_id,
                                   .window = DSB_CREDIT_INITIAL,
                                   .body = nx_bytes_of_text(name)};
    struct dsb_frame data = {.kind = DSB_FRAME_DATA,
                             .stream_id = a->next_id,
                             .body = nx_bytes_of(zeros, DSB_FRAME_PAYLOAD_MAX)};

    put(plain, &open);
    put(plain, &data);
    data.body.len =
        DSB_CREDIT_INITIAL - DSB_FRAME_PAYLOAD_MAX - SMALL * DSB_CREDIT_FRAME_MIN + more;
    put(plain, &data);
    data.body.len = 0;
    for (int i = 0; i < SMALL; i++)
        put(plain, &data);
    a->next_id += 2;
}

/* What no receiver may suffer. It is all that is in its record. */
static void put_sure_breach(struct sim_world *w, struct sim_attempt *a, struct nx_writer *plain)
{
    static const char *const names[] = {
        "a byte more than its credit",
        "a byte more than the credit of a stream that was refused",
        "a kind that is none",
        "pairing in a session",
        "data of a stream that never was",
        "an id of the other side",
        "closes twice",
        "returns credit that is not out",
    };
    struct sim_hostile *h = &w->hostile;
    /* What others that are gone had left would be charged as well. */
    const bool is_first = a->next_id <= 2 && a->theirs == 0;
    const uint32_t draw = sim_hostile_draw(h, 0, NX_COUNT_OF(names) - 1);
    const uint32_t which = is_first && draw > 3 ? 1 : !is_first && draw == 1 ? 0 : draw;
    const uint32_t id = a->next_id;
    const struct dsb_frame close = {.kind = DSB_FRAME_CLOSE, .stream_id = id};
    const struct dsb_frame never = {.kind = DSB_FRAME_DATA,
                                    .stream_id = (UINT32_MAX - 1) | (id & 1),
                                    /* no OPEN that was spoilt had it */ .body =
                                        nx_bytes_of(zeros, 1)};
    const struct dsb_frame update = {
        .kind = DSB_FRAME_WINDOW_UPDATE, .stream_id = id, .window = DSB_CREDIT_FRAME_MIN};
    const struct dsb_frame pair = {.kind = DSB_FRAME_PAIR, .body = nx_bytes_of(zeros, 2)};
    struct dsb_frame same = {.kind = DSB_FRAME_OPEN,
                             .window = DSB_CREDIT_INITIAL,
                             .body = nx_bytes_of_text("byte/same")};
    const struct dsb_frame parity = {.kind = DSB_FRAME_OPEN,
                                     .stream_id = id + 1,
                                     .window = DSB_CREDIT_INITIAL,
                                     .body = nx_bytes_of_text("msg/a")};

    plain->len = 0;
    sim_hostile_say(w, a, names[which]);
    switch (which) {
    case 0:
        whole_credit(a, "byte/more", 1, plain);
        break;
    case 1: /* of a stream that is refused at once: what is late is charged as well */
        same.stream_id = a->next_id;
        put(plain, &same);
        a->next_id += 2;
        whole_credit(a, "byte/same", 1, plain);
        break;
    case 2:
        put_head(plain, 10, 0, id, 0);
        break;
    case 3:
        put(plain, &pair);
        break;
    case 4:
        put(plain, &never);
        break;
    case 5:
        put(plain, &parity);
        break;
    case 6:
        whole_credit(a, "byte/twice", 0, plain);
        put(plain, &close);
        put(plain, &close);
        break;
    default: /* credit returned that is not out */
        whole_credit(a, "byte/back", 0, plain);
        put(plain, &update);
        break;
    }
    a->is_broken = !plain->overflow && !a->is_garbled;
}

static void put_breach(struct sim_world *w, struct sim_attempt *a, struct nx_writer *plain)
{
    struct sim_hostile *h = &w->hostile;
    const struct dsb_frame pair = {.kind = DSB_FRAME_PAIR, .body = nx_bytes_of(zeros, 2)};

    h->breach_count++;
    switch (sim_hostile_draw(h, 0, 8)) {
    case 0:
        spoilt(h, a, plain);
        break;
    case 1:
        of_no_kind(h, plain);
        break;
    case 2:
        of_wrong_id(h, a, plain);
        break;
    case 3:
        over_credit(h, a, plain);
        break;
    case 4:
        after_close(h, a, plain);
        break;
    case 5:
    case 6:
        storm(h, a, plain);
        break;
    case 7:
        put(plain, &pair);
        break;
    default:
        go_away(w, a, plain);
        break;
    }
}

void sim_frames_put(struct sim_world *w, struct sim_attempt *a, struct nx_writer *plain)
{
    struct sim_hostile *h = &w->hostile;
    const bool is_first = a->next_id <= 2;
    uint32_t count = is_first && sim_hostile_chance(h, 4) ? 0 : sim_hostile_draw(h, 1, 6);

    for (uint32_t i = 0; i < count; i++) {
        switch (sim_hostile_draw(h, 0, 15)) {
        case 0:
        case 1:
        case 2:
            open_one(h, a, plain);
            break;
        case 3:
            end_one(h, a, plain);
            break;
        case 4:
            ping(h, plain);
            break;
        case 5:
        case 6:
            confirm(h, a, plain);
            break;
        default:
            send_data(h, a, plain);
            break;
        }
    }
    if (sim_hostile_chance(h, 12))
        put_breach(w, a, plain);
    if (sim_hostile_chance(h, is_first ? 12 : 40))
        put_sure_breach(w, a, plain);
}

/* ---- what comes -------------------------------------------------------------------------------- */

static void answer(struct sim_attempt *a, const struct dsb_frame *frame)
{
    struct nx_writer out = sim_talk_room(a);
    struct nx_writer place = dsb_records_room(&out, 256);

    put(&place, frame);
    if (place.len > 0 && dsb_records_seal(&a->records, place.len, &out) == NX_OK)
        sim_talk_wrote(a, &out);
}

static void take_frame(struct sim_hostile *h, struct sim_attempt *a, const struct dsb_frame *frame)
{
    uint32_t slot = frame->stream_id == 0 ? SIM_HOSTILE_STREAMS : slot_of(a, frame->stream_id);
    const struct dsb_frame ack = {
        .kind = DSB_FRAME_OPEN_ACK, .stream_id = frame->stream_id, .window = DSB_CREDIT_INITIAL};
    const struct dsb_frame pong = {.kind = DSB_FRAME_PONG, .body = frame->body};

    switch (frame->kind) {
    case DSB_FRAME_OPEN:
        a->theirs = frame->stream_id;
        a->theirs_due = 0;
        if (!sim_hostile_chance(h, 4))
            answer(a, &ack);
        break;
    case DSB_FRAME_DATA:
        if (frame->stream_id == a->theirs)
            a->theirs_due += dsb_frame_cost((uint32_t)frame->body.len);
        break;
    case DSB_FRAME_WINDOW_UPDATE:
        if (slot < SIM_HOSTILE_STREAMS)
            a->credit[slot] += frame->window;
        break;
    case DSB_FRAME_RST:
        if (slot < SIM_HOSTILE_STREAMS)
            a->ours[slot] = 0;
        if (frame->stream_id == a->theirs)
            a->theirs = 0;
        break;
    case DSB_FRAME_PING:
        if (!sim_hostile_chance(h, 4))
            answer(a, &pong);
        break;
    case DSB_FRAME_GOAWAY:
        if (sim_hostile_chance(h, 2))
            a->says_left = 0;
        break;
    case DSB_FRAME_OPEN_ACK:
    case DSB_FRAME_PONG:
    case DSB_FRAME_CLOSE:
    case DSB_FRAME_PAIR:
        break;
    }
}

void sim_frames_take(struct sim_world *w, struct sim_attempt *a, struct nx_bytes plain)
{
    while (plain.len > 0) {
        struct dsb_frame frame;
        size_t used;

        if (dsb_frame_decode(plain, &frame, &used) != NX_OK) {
            sim_world_fail(w, "an honest device said a frame that is none");
            return;
        }
        take_frame(&w->hostile, a, &frame);
        plain = nx_bytes_skip(plain, used);
    }
}

/* ---- pairing ----------------------------------------------------------------------------------- */

void sim_frames_put_pair(struct sim_world *w, struct sim_attempt *a, struct nx_writer *plain)
{
    struct sim_hostile *h = &w->hostile;
    uint8_t value[DSB_PAIRING_VALUE_LEN];
    uint8_t bytes[DSB_PAIR_PAYLOAD_MAX];
    struct nx_writer message = nx_writer_over(bytes, sizeof(bytes));
    struct dsb_pairing_message said = {
        .kind = (enum dsb_pairing_message_kind)sim_hostile_draw(h, 1, 5), .value = value};
    struct dsb_frame pair = {.kind = DSB_FRAME_PAIR};

    said.no = (enum dsb_pairing_no)sim_hostile_draw(h, 1, 7);
    if (a->says_left % 2 == 1 && sim_hostile_chance(h, 2))
        said.kind = DSB_PAIRING_START;
    sim_hostile_noise(h, value, sizeof(value));
    value[31] &= 0x7f;
    value[0] &= 0xfe; /* now and then it is a point */
    dsb_pairing_message_encode(&said, &message);
    if (sim_hostile_chance(h, 4))
        sim_hostile_spoil(h, bytes, &message.len, sizeof(bytes));
    pair.body = nx_bytes_of(bytes, message.len);
    put(plain, &pair);
    if (sim_hostile_chance(h, 8))
        put_breach(w, a, plain);
}
