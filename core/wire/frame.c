#include "core/wire/frame.h"

#include "core/base/memory.h"
#include "core/base/text.h"

enum {
    FLAG_LOW = 0x01,      /* DATA: end of message. WINDOW_UPDATE: the window grows */
    PRIORITY_SHIFT = 5,   /* OPEN: bits 5 to 7 */
    PRIORITY_MASK = 0xe0, /* of the flags */
};

/* What the frames of each kind look like. A payload is `fixed_len` bytes of fields and then between
 * `body_min` and `body_max` more. */
struct shape {
    enum dsb_frame_kind kind;
    uint8_t flags_allowed;
    bool on_session; /* stream 0, and only there */
    uint32_t fixed_len;
    uint32_t body_min;
    uint32_t body_max;
};

static const struct shape shapes[] = {
    {DSB_FRAME_OPEN, PRIORITY_MASK, false, 4, 1, DSB_STREAM_NAME_MAX},
    {DSB_FRAME_OPEN_ACK, 0, false, 4, 0, 0},
    {DSB_FRAME_DATA, FLAG_LOW, false, 0, 0, DSB_FRAME_PAYLOAD_MAX},
    {DSB_FRAME_WINDOW_UPDATE, FLAG_LOW, false, 4, 0, 0},
    {DSB_FRAME_RST, 0, false, 2, 0, NX_WHY_MAX},
    {DSB_FRAME_PING, 0, true, 0, DSB_PING_LEN, DSB_PING_LEN},
    {DSB_FRAME_PONG, 0, true, 0, DSB_PING_LEN, DSB_PING_LEN},
    {DSB_FRAME_CLOSE, 0, false, 0, 0, 0},
    {DSB_FRAME_GOAWAY, 0, true, 6, 0, NX_WHY_MAX},
    {DSB_FRAME_PAIR, 0, true, 0, 0, DSB_PAIR_PAYLOAD_MAX},
};

static const struct shape *shape_of(uint32_t kind)
{
    for (size_t i = 0; i < NX_COUNT_OF(shapes); i++) {
        if ((uint32_t)shapes[i].kind == kind)
            return &shapes[i];
    }
    return NULL;
}

static bool has_window(enum dsb_frame_kind kind)
{
    return kind == DSB_FRAME_OPEN || kind == DSB_FRAME_OPEN_ACK || kind == DSB_FRAME_WINDOW_UPDATE;
}

static bool has_code(enum dsb_frame_kind kind)
{
    return kind == DSB_FRAME_RST || kind == DSB_FRAME_GOAWAY;
}

/* What must hold between fields, whichever side they come from. */
static bool fields_hold(const struct dsb_frame *f, const struct shape *shape)
{
    if ((f->stream_id == 0) != shape->on_session)
        return false;
    if (f->kind == DSB_FRAME_WINDOW_UPDATE && f->window == 0)
        return false;
    if (has_code(f->kind) && !nx_utf8_is_valid(f->body))
        return false;
    return f->body.len >= shape->body_min && f->body.len <= shape->body_max;
}

enum nx_status dsb_frame_decode(struct nx_bytes in, struct dsb_frame *frame, size_t *used)
{
    struct nx_reader r = nx_reader_over(in);
    uint8_t kind = nx_read_u8(&r);
    uint8_t flags = nx_read_u8(&r);
    uint16_t zero = nx_read_u16le(&r);
    uint32_t stream_id = nx_read_u32le(&r);
    uint32_t payload_len = nx_read_u32le(&r);

    if (r.short_read)
        return NX_WOULD_BLOCK;

    const struct shape *shape = shape_of(kind);
    if (shape == NULL || zero != 0 || (flags & ~shape->flags_allowed) != 0)
        return NX_E_MALFORMED;
    if (payload_len > DSB_FRAME_PAYLOAD_MAX)
        return NX_E_LIMIT;
    if (payload_len < shape->fixed_len + shape->body_min ||
        payload_len > shape->fixed_len + shape->body_max)
        return NX_E_MALFORMED;

    struct nx_bytes payload = nx_read_bytes(&r, payload_len);
    if (r.short_read)
        return NX_WOULD_BLOCK;

    struct nx_reader p = nx_reader_over(payload);
    struct dsb_frame f = {.kind = shape->kind, .stream_id = stream_id};

    if (has_window(f.kind))
        f.window = nx_read_u32le(&p);
    if (f.kind == DSB_FRAME_GOAWAY)
        f.last_stream_id = nx_read_u32le(&p);
    if (has_code(f.kind))
        f.code = nx_read_u16le(&p);
    f.body = p.rest;
    f.priority = flags >> PRIORITY_SHIFT;
    f.ends_message = f.kind == DSB_FRAME_DATA && (flags & FLAG_LOW) != 0;
    f.grows_window = f.kind == DSB_FRAME_WINDOW_UPDATE && (flags & FLAG_LOW) != 0;

    if (!fields_hold(&f, shape))
        return NX_E_MALFORMED;
    *frame = f;
    *used = DSB_FRAME_HEAD_LEN + (size_t)payload_len;
    return NX_OK;
}

uint32_t dsb_frame_payload_len(struct nx_bytes in)
{
    struct nx_reader r = nx_reader_over(nx_bytes_skip(in, DSB_FRAME_HEAD_LEN - 4));

    return nx_read_u32le(&r);
}

static void write_head(struct nx_writer *out, enum dsb_frame_kind kind, uint8_t flags,
                       uint32_t stream_id, uint32_t payload_len)
{
    nx_write_u8(out, (uint8_t)kind);
    nx_write_u8(out, flags);
    nx_write_u16le(out, 0);
    nx_write_u32le(out, stream_id);
    nx_write_u32le(out, payload_len);
}

enum nx_status dsb_frame_encode(const struct dsb_frame *frame, struct nx_writer *out)
{
    const struct shape *shape = shape_of(frame->kind);

    if (shape == NULL || !fields_hold(frame, shape) || frame->priority >= DSB_PRIORITY_COUNT)
        return NX_E_INVALID;

    uint8_t flags = (uint8_t)(frame->priority << PRIORITY_SHIFT);
    if (frame->ends_message || frame->grows_window)
        flags |= FLAG_LOW;
    if ((flags & ~shape->flags_allowed) != 0)
        return NX_E_INVALID;

    uint32_t payload_len = shape->fixed_len + (uint32_t)frame->body.len;
    if (nx_writer_room(out) < DSB_FRAME_HEAD_LEN + (size_t)payload_len)
        return NX_WOULD_BLOCK;

    write_head(out, frame->kind, flags, frame->stream_id, payload_len);
    if (has_window(frame->kind))
        nx_write_u32le(out, frame->window);
    if (frame->kind == DSB_FRAME_GOAWAY)
        nx_write_u32le(out, frame->last_stream_id);
    if (has_code(frame->kind))
        nx_write_u16le(out, frame->code);
    nx_write_bytes(out, frame->body);
    return NX_OK;
}

uint8_t *dsb_frame_encode_data(uint32_t stream_id, uint32_t payload_len, bool ends_message,
                               struct nx_writer *out)
{
    NX_CHECK(stream_id != 0 && payload_len <= DSB_FRAME_PAYLOAD_MAX);

    if (nx_writer_room(out) < DSB_FRAME_HEAD_LEN + (size_t)payload_len)
        return NULL;
    write_head(out, DSB_FRAME_DATA, ends_message ? FLAG_LOW : 0, stream_id, payload_len);
    return nx_write_space(out, payload_len);
}

const char *dsb_rst_code_name(uint16_t code)
{
    static const char *const names[] = {
        [DSB_RST_CANCELLED] = "cancelled", [DSB_RST_REFUSED] = "refused",
        [DSB_RST_LIMIT] = "limit",         [DSB_RST_DUPLICATE_NAME] = "duplicate name",
        [DSB_RST_BAD_NAME] = "bad name",   [DSB_RST_UNSUPPORTED] = "unsupported",
        [DSB_RST_DENIED] = "denied",       [DSB_RST_INTERNAL] = "internal",
    };

    if (code >= DSB_RST_APPLICATION)
        return "application";
    return code < NX_COUNT_OF(names) && names[code] != NULL ? names[code] : "unknown";
}

const char *dsb_goaway_code_name(uint16_t code)
{
    static const char *const names[] = {
        [DSB_GOAWAY_BYE] = "bye",           [DSB_GOAWAY_DUPLICATE] = "duplicate",
        [DSB_GOAWAY_REPLACED] = "replaced", [DSB_GOAWAY_UNPAIRED] = "unpaired",
        [DSB_GOAWAY_PROTOCOL] = "protocol", [DSB_GOAWAY_LIMIT] = "limit",
        [DSB_GOAWAY_TIMEOUT] = "time-out",  [DSB_GOAWAY_SHUTDOWN] = "shutdown",
    };

    return code < NX_COUNT_OF(names) ? names[code] : "unknown";
}
