#include "tests/streams/stream_table.h"

#include "core/base/memory.h"
#include "core/bus/byte_stream.h"
#include "core/bus/msg_stream.h"
#include "tests/unit/unit.h"

enum side {
    A,
    B,
};

/* What a step does, on its side's stream 0 or 1; A's stream 0 and B's stream 0 are two ends of one.
 * `count` and `text` are what the operation works on, `status` what it must answer. */
enum op {
    DONE,
    OPEN_MSG,  /* a stream on channel `text` */
    OPEN_BYTE, /* likewise */
    ACCEPT,    /* the next stream that the peer opened */
    PUSH,      /* `text`, as a whole message or as bytes */
    PUSH_MANY, /* `count` bytes of the pattern: one message, or bytes, as many as are taken */
    PUSH_FULL, /* messages or pieces of `count` bytes until NX_WOULD_BLOCK */
    PUSH_PART, /* `count` bytes of the pattern, of a message that goes on */
    PUSH_LAST, /* likewise, and it ends here */
    PULL,      /* `text`, whole */
    PULL_PART, /* `text`, with a buffer of just that size, and the message goes on */
    PULL_MANY, /* `count` bytes of the pattern, in whatever pieces they come, pumping in between */
    PULL_NONE, /* nothing, answered by `status` */
    FINISH,
    ABORT, /* with code `count` and reason `text` */
    RELEASE,
    PUMP,
    CUT,
    EVENT,       /* the event `count` came since the last such step */
    NO_EVENT,    /* it did not */
    ENDED,       /* the stream ended with `status`, reason `text` */
    UNCONFIRMED, /* the end told `count` bytes unconfirmed */
    WINDOW,      /* our window for the peer is `count` */
};

struct step {
    enum side side;
    enum op op;
    uint32_t count;
    const char *text;
    enum nx_status status;
    uint8_t stream; /* 0 or 1 */
};

#define OPENED_MSG                                         \
    {A, OPEN_MSG, .text = "chat"}, {A, PUMP}, {B, ACCEPT}, \
    {                                                      \
        A, PUMP                                            \
    }
#define OPENED_BYTE                                         \
    {A, OPEN_BYTE, .text = "blob"}, {A, PUMP}, {B, ACCEPT}, \
    {                                                       \
        A, PUMP                                             \
    }

/* The queue of the board's profile; a message of 1,000 bytes is charged 1,000. */
enum {
    QUEUE = 65536,
    LARGE = 3 * 1048576,
};

/* clang-format off */
static const struct {
    const char *name;
    struct step steps[22];
} rows[] = {
    {"messages arrive whole and in order",
     {OPENED_MSG, {A, PUSH, .text = "one"}, {A, PUSH, .text = "two"}, {A, PUMP},
      {B, PULL, .text = "one"}, {B, PULL, .text = "two"}, {B, PULL_NONE, .status = NX_WOULD_BLOCK}}},
    {"messages go both ways on one stream",
     {OPENED_MSG, {A, PUSH, .text = "ping"}, {B, PUSH, .text = "pong"}, {A, PUMP},
      {B, PULL, .text = "ping"}, {A, PULL, .text = "pong"}}},
    {"an empty message is a message",
     {OPENED_MSG, {A, PUSH, .text = ""}, {A, PUSH, .text = "x"}, {A, PUMP}, {B, PULL, .text = ""},
      {B, PULL, .text = "x"}}},
    {"a small buffer gets a message in parts and is told when it is whole",
     {OPENED_MSG, {A, PUSH, .text = "hello"}, {A, PUMP}, {B, PULL_PART, .text = "hel"},
      {B, PULL, .text = "lo"}}},
    {"pushing may begin before the peer has accepted",
     {{A, OPEN_MSG, .text = "chat"}, {A, PUSH, .text = "early"}, {A, PUMP}, {B, ACCEPT}, {A, PUMP},
      {B, PULL, .text = "early"}}},
    {"the acceptor reads and writes only after it has accepted",
     {{A, OPEN_MSG, .text = "chat"}, {A, PUMP}, {B, PUSH, .text = "x", .status = NX_E_STATE},
      {B, PULL_NONE, .status = NX_E_STATE}, {B, ACCEPT}, {B, PUSH, .text = "x"}, {A, PUMP}, {A, PULL, .text = "x"}}},
    {"a full queue would block and loses nothing",
     {OPENED_MSG, {A, PUSH_FULL, 1000}, {A, PUMP}, {A, PUSH_FULL, 1000}, {B, PULL_MANY, 65000},
      {A, PUMP}, {B, PULL_MANY, 65000}, {B, PULL_NONE, .status = NX_WOULD_BLOCK}}},
    {"room that comes back is told to whoever was told to wait",
     {OPENED_MSG, {A, PUSH_FULL, 1000}, {A, PUMP}, {A, EVENT, DSB_MUX_WRITABLE},
      {A, PUSH_FULL, 1000}, {A, PUMP}, {A, NO_EVENT, DSB_MUX_WRITABLE}, {B, PULL_MANY, 65000},
      {A, PUMP}, {A, EVENT, DSB_MUX_WRITABLE}}},
    {"what arrives is told to whoever was told to wait, once",
     {OPENED_MSG, {B, PULL_NONE, .status = NX_WOULD_BLOCK}, {A, PUSH, .text = "x"}, {A, PUMP},
      {B, EVENT, DSB_MUX_READABLE}, {A, PUSH, .text = "y"}, {A, PUMP},
      {B, NO_EVENT, DSB_MUX_READABLE}}},
    {"a message larger than any queue is refused as a whole",
     {OPENED_MSG, {A, PUSH_MANY, QUEUE + 1, .status = NX_E_LIMIT}, {A, PUSH, .text = "x"}}},
    {"a message as large as the queue is taken as a whole",
     {OPENED_MSG, {A, PUSH_MANY, QUEUE}, {A, PUMP}, {B, PULL_MANY, QUEUE}}},
    {"a message larger than the window streams through in parts",
     {OPENED_MSG, {A, PUSH_PART, 60000}, {A, PUMP}, {B, PULL_MANY, 60000}, {A, PUMP},
      {A, PUSH_PART, 60000}, {A, PUMP}, {B, PULL_MANY, 60000}, {A, PUMP}, {A, PUSH_LAST, 10},
      {A, PUSH, .text = "next"}, {A, PUMP}, {B, PULL_MANY, 10}, {B, PULL, .text = "next"}}},
    {"bytes arrive in order and keep no borders",
     {OPENED_BYTE, {A, PUSH, .text = "ab"}, {A, PUSH, .text = "cd"}, {A, PUMP},
      {B, PULL_PART, .text = "abc"}, {B, PULL_PART, .text = "d"},
      {B, PULL_NONE, .status = NX_WOULD_BLOCK}}},
    {"any number of bytes goes through in chunks",
     {OPENED_BYTE, {B, PULL_MANY, LARGE}, {B, PULL_NONE, .status = NX_WOULD_BLOCK}}},
    {"the window grows as the reader keeps up, to its limit and no further",
     {OPENED_BYTE, {B, WINDOW, DSB_CREDIT_INITIAL}, {B, PULL_MANY, LARGE}, {A, PUMP},
      {B, WINDOW, DSB_CREDIT_STREAM_MAX}}},
    {"a reader that does not keep up is given no more than the start",
     {OPENED_BYTE, {A, PUSH_FULL, 1000}, {A, PUMP}, {A, PUSH_FULL, 1000}, {A, PUMP},
      {B, WINDOW, DSB_CREDIT_INITIAL}}},
    {"finish is read as the end after the last byte, again and again",
     {OPENED_BYTE, {A, PUSH, .text = "last"}, {A, FINISH}, {A, PUMP}, {B, PULL_PART, .text = "last"},
      {B, PULL_NONE, .status = NX_END}, {B, PULL_NONE, .status = NX_END}}},
    {"the end waits for every byte that was accepted before it",
     {OPENED_BYTE, {A, PUSH_FULL, 1000}, {A, PUMP}, {A, PUSH_FULL, 1000}, {A, FINISH}, {A, PUMP},
      {B, PULL_MANY, 2 * QUEUE}, {A, PUMP}, {B, PULL_NONE, .status = NX_END}}},
    {"the end of an empty stream is an end",
     {OPENED_BYTE, {A, FINISH}, {A, PUMP}, {B, PULL_NONE, .status = NX_END}}},
    {"the end of messages is read after the last message",
     {OPENED_MSG, {A, PUSH, .text = "last"}, {A, FINISH}, {A, PUMP}, {B, PULL, .text = "last"},
      {B, PULL_NONE, .status = NX_END}}},
    {"a finished side pushes no more, and the other one may",
     {OPENED_MSG, {A, FINISH}, {A, PUSH, .text = "x", .status = NX_E_CLOSED},
      {A, FINISH, .status = NX_E_CLOSED}, {A, PUMP}, {B, PUSH, .text = "still"}, {A, PUMP},
      {A, PULL, .text = "still"}}},
    {"both ends finished and everything read is the end of the stream, on both sides",
     {OPENED_MSG, {A, PUSH, .text = "x"}, {A, FINISH}, {B, FINISH}, {A, PUMP},
      {A, NO_EVENT, DSB_MUX_ENDED}, {B, PULL, .text = "x"}, {A, PUMP}, {A, ENDED, .status = NX_END},
      {A, UNCONFIRMED, 0}, {B, ENDED, .status = NX_END}, {A, PULL_NONE, .status = NX_END},
      {B, PULL_NONE, .status = NX_END}, {B, PUSH, .text = "y", .status = NX_E_CLOSED}}},
    {"abort is read with its code and reason, and is stable",
     {OPENED_BYTE, {A, ABORT, 300, "disk full"}, {A, PUMP},
      {B, ENDED, 300, "disk full", NX_E_ABORTED}, {B, PULL_NONE, .status = NX_E_ABORTED},
      {B, PULL_NONE, .status = NX_E_ABORTED}, {B, PUSH, .text = "x", .status = NX_E_ABORTED},
      {B, FINISH, .status = NX_E_ABORTED}}},
    {"the side that aborted finds its stream closed",
     {OPENED_BYTE, {A, ABORT, 300, "disk full"}, {A, PULL_NONE, .status = NX_E_CLOSED},
      {A, PUSH, .text = "x", .status = NX_E_CLOSED}, {A, ABORT, 300, "again", NX_E_CLOSED}}},
    {"abort drops what waits on either side and says how much was not confirmed",
     {OPENED_BYTE, {A, PUSH, .text = "lost"}, {A, PUMP}, {A, PUSH, .text = "too"},
      {A, ABORT, 300, "enough"}, {A, PUMP}, {A, ENDED, 300, "enough", NX_E_ABORTED},
      {A, UNCONFIRMED, 7}, {B, PULL_NONE, .status = NX_E_ABORTED}}},
    {"the reader may abort too, and the writer is told",
     {OPENED_BYTE, {A, PUSH, .text = "unwanted"}, {A, PUMP}, {B, ABORT, 1, "not now"}, {A, PUMP},
      {A, ENDED, 1, "not now", NX_E_ABORTED}, {A, UNCONFIRMED, 8},
      {A, PUSH, .text = "x", .status = NX_E_ABORTED}}},
    {"both may abort at once",
     {OPENED_BYTE, {A, ABORT, 300, "a"}, {B, ABORT, 301, "b"}, {A, PUMP},
      {A, ENDED, 300, "a", NX_E_ABORTED}, {B, ENDED, 301, "b", NX_E_ABORTED}}},
    {"what was sent before the abort was known is no breach",
     {OPENED_BYTE, {B, ABORT, 300, "stop"}, {A, PUSH_FULL, 1000}, {A, FINISH}, {A, PUMP},
      {A, ENDED, 300, "stop", NX_E_ABORTED}, {A, OPEN_MSG, .text = "chat", .stream = 1}, {A, PUMP},
      {B, ACCEPT, .stream = 1}}},
    {"a stream that is aborted before it was ever sent is never heard of",
     {{A, OPEN_MSG, .text = "chat"}, {A, ABORT, 300, "changed my mind"}, {A, PUMP},
      {B, NO_EVENT, DSB_MUX_OPENED}, {A, OPEN_MSG, .text = "chat", .stream = 1}, {A, PUMP},
      {B, EVENT, DSB_MUX_OPENED}}},
    {"a released handle is closed for ever",
     {OPENED_MSG, {A, RELEASE}, {A, PUSH, .text = "x", .status = NX_E_CLOSED},
      {A, PULL_NONE, .status = NX_E_CLOSED}, {A, FINISH, .status = NX_E_CLOSED}}},
    {"letting go of a living stream aborts it as cancelled",
     {OPENED_MSG, {A, RELEASE}, {A, PUMP}, {B, ENDED, DSB_RST_CANCELLED, .status = NX_E_ABORTED}}},
    {"letting go of a finished stream leaves its last bytes on their way",
     {OPENED_MSG, {B, FINISH}, {A, PUMP}, {A, PULL_NONE, .status = NX_END},
      {A, PUSH, .text = "last"}, {A, FINISH}, {A, RELEASE}, {A, PUMP}, {B, PULL, .text = "last"},
      {B, PULL_NONE, .status = NX_END}}},
    {"a name in use is refused to its opener, and free again after the end",
     {OPENED_MSG, {A, OPEN_MSG, .text = "chat", .status = NX_E_EXISTS, .stream = 1},
      {A, ABORT, 300, "over"}, {A, OPEN_MSG, .text = "chat", .stream = 1}, {A, PUMP},
      {B, ACCEPT, .stream = 1}}},
    {"the other side may use the same name for a stream of its own",
     {OPENED_MSG, {B, OPEN_MSG, .text = "chat", .stream = 1}, {A, PUMP}, {A, ACCEPT, .stream = 1},
      {A, PUMP}, {B, PUSH, .text = "x", .stream = 1}, {A, PUMP}, {A, PULL, .text = "x", .stream = 1},
      {A, PULL_NONE, .status = NX_WOULD_BLOCK}}},
    {"channels do not mix, nor do a message and a byte stream of one channel",
     {{A, OPEN_MSG, .text = "c"}, {A, OPEN_BYTE, .text = "c", .stream = 1}, {A, PUMP}, {B, ACCEPT},
      {B, ACCEPT, .stream = 1}, {A, PUSH, .text = "m"}, {A, PUSH, .text = "b", .stream = 1},
      {A, PUMP}, {B, PULL, .text = "m"}, {B, PULL_PART, .text = "b", .stream = 1}}},
    {"a stream whose reader sleeps holds up no other",
     {{A, OPEN_BYTE, .text = "slow"}, {A, OPEN_MSG, .text = "quick", .stream = 1}, {A, PUMP},
      {B, ACCEPT}, {B, ACCEPT, .stream = 1}, {A, PUSH_FULL, 1000}, {A, PUMP}, {A, PUSH_FULL, 1000},
      {A, PUMP}, {A, PUSH, .text = "x", .stream = 1}, {A, PUMP}, {B, PULL, .text = "x", .stream = 1}}},
    {"refusing a stream is an abort before it was accepted",
     {{A, OPEN_MSG, .text = "chat"}, {A, PUMP}, {B, ABORT, DSB_RST_DENIED, "not for you"}, {A, PUMP},
      {A, ENDED, DSB_RST_DENIED, "not for you", NX_E_ABORTED}}},
    {"a cut closes every stream, and is no end",
     {OPENED_BYTE, {A, PUSH, .text = "half"}, {A, PUMP}, {A, CUT}, {B, ENDED, .status = NX_E_CLOSED},
      {B, PULL_NONE, .status = NX_E_CLOSED}, {A, PUSH, .text = "x", .status = NX_E_CLOSED},
      {A, ENDED, .status = NX_E_CLOSED}, {A, UNCONFIRMED, 4}}},
    {"an end that was read stays an end after a cut",
     {OPENED_BYTE, {A, FINISH}, {A, PUMP}, {B, PULL_NONE, .status = NX_END}, {A, CUT},
      {B, PULL_NONE, .status = NX_END}, {B, PUSH, .text = "x", .status = NX_E_CLOSED}}},
    {"after a cut nothing new is opened",
     {{A, CUT}, {A, OPEN_MSG, .text = "chat", .status = NX_E_CLOSED}}},
    {"what the peer pulled is confirmed, what it did not is counted once",
     {OPENED_BYTE, {A, PUSH, .text = "read"}, {A, PUMP}, {B, PULL_PART, .text = "read"}, {A, PUMP},
      {A, PUSH, .text = "unread!"}, {A, PUMP}, {A, CUT}, {A, UNCONFIRMED, 7},
      {A, NO_EVENT, DSB_MUX_ENDED}}},
};
/* clang-format on */

/* One end of one stream, as its application sees it. */
struct end {
    bool is_messages;
    struct dsb_msg_stream msg;
    struct dsb_byte_stream byte;
    struct dsb_stream_handle stream;
    struct dsb_mux_event ended;
    uint32_t pushed; /* of the pattern */
    uint32_t pulled;
};

struct state {
    const struct stream_world *world;
    struct dsb_mux *ends[2];
    struct end streams[2][2];
    uint32_t events[2]; /* seen since the last step that asked */
    struct dsb_mux_event opened[2][4];
    size_t opened_count[2];
};

static uint8_t pattern(uint32_t index)
{
    return (uint8_t)(index * 31 + (index >> 8) * 7);
}

static void note_event(struct state *st, enum side side, const struct dsb_mux_event *event)
{
    st->events[side] |= 1u << event->kind;
    if (event->kind == DSB_MUX_OPENED && st->opened_count[side] < 4)
        st->opened[side][st->opened_count[side]++] = *event;
    if (event->kind != DSB_MUX_ENDED)
        return;
    for (size_t i = 0; i < 2; i++) {
        if (st->streams[side][i].stream.serial == event->stream.serial)
            st->streams[side][i].ended = *event;
    }
}

static void take_events(struct state *st)
{
    struct dsb_mux_event event;

    for (int side = A; side <= B; side++) {
        while (dsb_mux_event(st->ends[side], &event))
            note_event(st, (enum side)side, &event);
    }
}

static void pump(struct state *st)
{
    st->world->pump(st->world->self);
    take_events(st);
}

static enum nx_status push(struct state *st, struct end *end, struct nx_bytes bytes,
                           enum dsb_push how, size_t *taken)
{
    struct nx_instant now = st->world->now(st->world->self);

    *taken = 0;
    if (!end->is_messages)
        return dsb_byte_stream_push(&end->byte, now, bytes, taken);
    if (how != DSB_PUSH_WHOLE)
        return dsb_msg_stream_push_part(&end->msg, now, bytes, how == DSB_PUSH_LAST, taken);

    enum nx_status status = dsb_msg_stream_push(&end->msg, now, bytes);
    *taken = status == NX_OK ? bytes.len : 0;
    return status;
}

static enum nx_status push_pattern(struct state *st, struct end *end, uint32_t count,
                                   enum dsb_push how)
{
    static uint8_t bytes[2 * QUEUE];
    size_t taken;

    NX_CHECK(count <= sizeof(bytes));
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = pattern(end->pushed + i);

    enum nx_status status = push(st, end, nx_bytes_of(bytes, count), how, &taken);
    end->pushed += (uint32_t)taken;
    return status;
}

static void push_until_full(struct state *st, struct end *end, uint32_t count)
{
    enum nx_status status;
    uint32_t before = end->pushed;

    do {
        status = push_pattern(st, end, count, DSB_PUSH_WHOLE);
    } while (status == NX_OK);
    EXPECT_STATUS(status, NX_WOULD_BLOCK);
    EXPECT(end->pushed - before >= QUEUE - 2 * count || end->pushed - before == 0 ||
           end->pushed > before);
}

static enum nx_status pull(struct end *end, uint8_t *out, size_t cap, size_t *len, bool *is_whole)
{
    if (end->is_messages)
        return dsb_msg_stream_pull(&end->msg, out, cap, len, is_whole);
    *is_whole = false;
    return dsb_byte_stream_pull(&end->byte, out, cap, len);
}

static void pull_text(struct end *end, const struct step *step)
{
    uint8_t bytes[64];
    size_t text_len = nx_bytes_of_text(step->text).len;
    size_t cap = step->op == PULL_PART ? text_len : sizeof(bytes);
    size_t len;
    bool is_whole;

    EXPECT_STATUS(pull(end, bytes, cap, &len, &is_whole), NX_OK);
    EXPECT_BYTES(nx_bytes_of(bytes, len), nx_bytes_of_text(step->text));
    EXPECT_EQ(is_whole, step->op == PULL);
}

/* Pull `count` bytes of the pattern; where they were not pushed yet, push them as room comes. */
static void pull_many(struct state *st, struct end *end, struct end *other, uint32_t count)
{
    static uint8_t bytes[8192];
    uint32_t goal = end->pulled + count;
    uint32_t idle = 0;

    while (end->pulled < goal && idle < 100) {
        size_t len;
        bool is_whole;
        uint32_t want = goal - end->pulled;
        enum nx_status status =
            pull(end, bytes, want < sizeof(bytes) ? want : sizeof(bytes), &len, &is_whole);

        if (status == NX_WOULD_BLOCK) {
            idle++;
            if (!end->is_messages && other->pushed < goal)
                (void)!push_pattern(st, other,
                                    goal - other->pushed < 10000 ? goal - other->pushed : 10000,
                                    DSB_PUSH_PART);
            pump(st);
            continue;
        }
        if (!EXPECT_STATUS(status, NX_OK))
            return;
        idle = 0;
        for (size_t i = 0; i < len; i++) {
            if (bytes[i] != pattern(end->pulled + (uint32_t)i)) {
                EXPECT_EQ(bytes[i], pattern(end->pulled + (uint32_t)i));
                return;
            }
        }
        end->pulled += (uint32_t)len;
    }
    EXPECT_EQ(end->pulled, goal);
}

static enum nx_status open_stream(struct state *st, struct end *end, const struct step *step)
{
    struct nx_bytes channel = nx_bytes_of_text(step->text);
    enum nx_status status;

    end->is_messages = step->op == OPEN_MSG;
    if (end->is_messages) {
        status = dsb_msg_stream_open(&end->msg, st->ends[step->side], channel);
        end->stream = end->msg.stream;
    } else {
        status = dsb_byte_stream_open(&end->byte, st->ends[step->side], channel);
        end->stream = end->byte.stream;
    }
    return status;
}

/* A side that opened no stream of its own here has the next one that its peer opened. */
static void bind(struct state *st, enum side side, struct end *end)
{
    if (end->stream.serial != 0 || st->opened_count[side] == 0)
        return;

    struct dsb_mux_event opened = st->opened[side][0];
    st->opened_count[side]--;
    memmove(&st->opened[side][0], &st->opened[side][1], sizeof(opened) * 3);
    end->stream = opened.stream;
    end->is_messages = opened.name.ptr[0] == 'm';
    end->msg = (struct dsb_msg_stream){st->ends[side], opened.stream};
    end->byte = (struct dsb_byte_stream){st->ends[side], opened.stream};
}

static enum nx_status accept_stream(struct state *st, enum side side, struct end *end)
{
    return end->is_messages ? dsb_msg_stream_accept(&end->msg, st->ends[side], end->stream)
                            : dsb_byte_stream_accept(&end->byte, st->ends[side], end->stream);
}

static void expect_ended(const struct end *end, const struct step *step)
{
    EXPECT_EQ(end->ended.kind, DSB_MUX_ENDED);
    EXPECT_STATUS(end->ended.status, step->status);
    if (step->count != 0)
        EXPECT_EQ(end->ended.code, step->count);
    if (step->text != NULL)
        EXPECT_TEXT(end->ended.why.text, step->text);
}

static void run_step(struct state *st, const struct step *step)
{
    struct end *end = &st->streams[step->side][step->stream];
    struct end *other = &st->streams[1 - step->side][step->stream];
    struct dsb_mux *mux = st->ends[step->side];
    size_t taken;
    size_t len;
    bool is_whole;
    uint8_t byte;

    if (step->op != OPEN_MSG && step->op != OPEN_BYTE)
        bind(st, step->side, end);
    switch (step->op) {
    case DONE:
        break;
    case OPEN_MSG:
    case OPEN_BYTE:
        EXPECT_STATUS(open_stream(st, end, step), step->status);
        break;
    case ACCEPT:
        EXPECT_STATUS(accept_stream(st, step->side, end), step->status);
        break;
    case PUSH:
        EXPECT_STATUS(push(st, end, nx_bytes_of_text(step->text), DSB_PUSH_WHOLE, &taken),
                      step->status);
        break;
    case PUSH_MANY:
        EXPECT_STATUS(push_pattern(st, end, step->count, DSB_PUSH_WHOLE), step->status);
        break;
    case PUSH_FULL:
        push_until_full(st, end, step->count);
        break;
    case PUSH_PART:
    case PUSH_LAST:
        EXPECT_STATUS(push_pattern(st, end, step->count,
                                   step->op == PUSH_PART ? DSB_PUSH_PART : DSB_PUSH_LAST),
                      step->status);
        break;
    case PULL:
    case PULL_PART:
        pull_text(end, step);
        break;
    case PULL_MANY:
        pull_many(st, end, other, step->count);
        break;
    case PULL_NONE:
        EXPECT_STATUS(pull(end, &byte, 1, &len, &is_whole), step->status);
        EXPECT_EQ(len, 0);
        break;
    case FINISH:
        EXPECT_STATUS(dsb_mux_finish(mux, end->stream), step->status);
        break;
    case ABORT:
        EXPECT_STATUS(dsb_mux_abort(mux, end->stream, (uint16_t)step->count, step->text),
                      step->status);
        take_events(st);
        break;
    case RELEASE:
        dsb_mux_release(mux, end->stream);
        break;
    case PUMP:
        pump(st);
        break;
    case CUT:
        st->world->cut(st->world->self);
        st->events[A] = st->events[B] = 0;
        take_events(st);
        break;
    case EVENT:
    case NO_EVENT:
        EXPECT_EQ(st->events[step->side] >> step->count & 1, step->op == EVENT);
        st->events[step->side] = 0;
        break;
    case ENDED:
        expect_ended(end, step);
        break;
    case UNCONFIRMED:
        EXPECT_EQ(end->ended.unconfirmed.bytes, step->count);
        st->events[step->side] = 0;
        take_events(st);
        break;
    case WINDOW:
        EXPECT(dsb_mux_stream(mux, end->stream) != NULL);
        EXPECT_EQ(dsb_mux_stream(mux, end->stream)->inbox.grant.used, step->count);
        break;
    }
}

void stream_table_run(const struct stream_world *world)
{
    static struct state st;

    for (size_t i = 0; i < NX_COUNT_OF(rows); i++) {
        unit_row(rows[i].name);
        memset(&st, 0, sizeof(st));
        st.world = world;
        world->reset(world->self, st.ends);
        for (size_t k = 0; k < NX_COUNT_OF(rows[i].steps) && rows[i].steps[k].op != DONE; k++) {
            run_step(&st, &rows[i].steps[k]);
            if (unit_row_has_failed()) {
                unit_note("the step that failed, counted from 0:");
                unit_expect_eq(k, UINT64_MAX, "step", rows[i].name, 0);
                break;
            }
        }
    }
}
