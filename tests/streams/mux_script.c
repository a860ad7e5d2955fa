#include "tests/streams/mux_script.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

enum {
    MEMORY = 10 * 1048576,
    IDS = 1024, /* stream ids that a script may hold a handle of */
};

/* A full session, and a little more. */
static const struct dsb_profile profile = {
    .name = "script",
    .stream_count_max = DSB_STREAMS_PER_SESSION_MAX + 8,
    .stream_queue_max = 65536,
    .grants_max = DSB_CREDIT_SESSION_MAX,
    .queues_max = 2 * 65536,
    .block_size = 1024,
    .keepalive_interval = {30 * UINT64_C(1000000000)},
    .keepalive_timeout = {90 * UINT64_C(1000000000)},
};

static uint64_t memory[MEMORY / 8];

static struct {
    struct dsb_pools pools;
    struct dsb_mux mux;
    struct nx_instant now;
    struct dsb_stream_handle handles[IDS];
    uint8_t out[4 * DSB_FRAME_MAX]; /* what the mux sent, from out_at on not yet looked at */
    size_t out_len, out_at;
    size_t record_len; /* room of a record */
    uint64_t taken, queued;
    uint32_t blocks;
} script;

static uint8_t payload[65536 + 1];
static uint8_t wire[DSB_FRAME_MAX];

static struct nx_bytes number_as_bytes(uint64_t number)
{
    static uint8_t bytes[DSB_PING_LEN];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));

    nx_write_u64le(&w, number);
    return nx_writer_bytes(&w);
}

static struct nx_bytes frame_of(const struct mux_step *step, uint32_t turn)
{
    struct nx_writer w = nx_writer_over(wire, sizeof(wire));
    struct dsb_frame frame = step->frame;
    char name[DSB_STREAM_NAME_MAX + 1];
    struct nx_text t = nx_text_over(name, sizeof(name));

    if (frame.kind == DSB_FRAME_DATA)
        frame.body = nx_bytes_of(payload, step->count);
    else if (frame.kind == DSB_FRAME_PING && step->text == NULL)
        frame.body = number_as_bytes(step->count);
    else if (step->text != NULL)
        frame.body = nx_bytes_of_text(step->text);
    if (frame.kind == DSB_FRAME_OPEN && frame.body.ptr[frame.body.len - 1] == '#') {
        nx_text_add(&t, step->text);
        nx_text_add_u64(&t, turn);
        frame.body = nx_bytes_of_text(name);
    }
    if (frame.kind == DSB_FRAME_OPEN || frame.kind == DSB_FRAME_RST)
        frame.stream_id += 2 * turn;
    EXPECT_STATUS(dsb_frame_encode(&frame, &w), NX_OK);
    return nx_writer_bytes(&w);
}

static enum nx_status input(struct nx_bytes in)
{
    size_t used = 99;
    bool is_over = script.mux.state == DSB_MUX_OVER;

    /* Silence may end the session here; the beginning of a frame does not. */
    EXPECT_STATUS(dsb_mux_input(&script.mux, script.now, nx_bytes_of(in.ptr, in.len - 1), &used),
                  is_over ? NX_E_CLOSED : NX_OK);
    EXPECT_EQ(used, 0);

    enum nx_status status = dsb_mux_input(&script.mux, script.now, in, &used);
    EXPECT_EQ(used, status == NX_E_CLOSED ? 0 : in.len);
    return status;
}

static bool has_more_out(void)
{
    bool has_output = dsb_mux_has_output(&script.mux);

    if (script.out_at == script.out_len) {
        struct nx_writer w = nx_writer_over(script.out, script.record_len);

        EXPECT_EQ(dsb_mux_output(&script.mux, &w), has_output);
        script.out_len = w.len;
        script.out_at = 0;
    }
    return script.out_at < script.out_len;
}

static struct nx_bytes next_out(void)
{
    struct nx_bytes rest = nx_bytes_of(NULL, 0);
    struct dsb_frame frame;
    size_t used = 0;

    if (!EXPECT(has_more_out()))
        return rest;
    rest = nx_bytes_of(script.out + script.out_at, script.out_len - script.out_at);
    EXPECT_STATUS(dsb_frame_decode(rest, &frame, &used), NX_OK);
    script.out_at += used;
    return nx_bytes_of(rest.ptr, used);
}

static void expect_quiet(void)
{
    if (EXPECT(!has_more_out()))
        return;
    unit_note("it said");
    EXPECT_BYTES(next_out(), nx_bytes_of(NULL, 0));
}

static uint32_t id_of(struct dsb_stream_handle handle)
{
    const struct dsb_stream *s = dsb_mux_stream(&script.mux, handle);

    return s == NULL ? 0 : s->id;
}

/* Every piece of news passes here; handles are kept by the id on the wire. */
static bool next_event(struct dsb_mux_event *event, uint32_t *id)
{
    *id = 0;
    if (!dsb_mux_event(&script.mux, event))
        return false;
    if (event->kind == DSB_MUX_SESSION_ENDED)
        return true;
    for (*id = 1; *id < IDS && script.handles[*id].serial != event->stream.serial;)
        ++*id;
    if (*id == IDS)
        *id = id_of(event->stream);
    if (*id < IDS)
        script.handles[*id] = event->stream;
    return true;
}

static void expect_event(const struct mux_step *step)
{
    struct dsb_mux_event event;
    uint32_t id;

    if (!EXPECT(next_event(&event, &id)))
        return;
    EXPECT_EQ(event.kind, step->event);
    EXPECT_EQ(id, step->id);
    if (event.kind == DSB_MUX_OPENED && step->text != NULL)
        EXPECT_BYTES(event.name, nx_bytes_of_text(step->text));
    if (event.kind != DSB_MUX_ENDED && event.kind != DSB_MUX_SESSION_ENDED)
        return;
    EXPECT_STATUS(event.status, step->status);
    EXPECT_EQ(event.code, step->code);
    if (step->text != NULL)
        EXPECT_TEXT(event.why.text, step->text);
}

static void expect_unconfirmed(const struct mux_step *step)
{
    struct dsb_mux_event event = {0};
    uint32_t id = 0;

    while (next_event(&event, &id) && (event.kind != DSB_MUX_ENDED || id != step->id)) {
    }
    EXPECT_EQ(event.kind, DSB_MUX_ENDED);
    EXPECT_EQ(event.unconfirmed.bytes, step->count);
}

/* The session is over, both sides know why, and it stays so. */
static void expect_over(const struct mux_step *step)
{
    struct dsb_mux_event event = {0};
    struct dsb_frame frame = {0};
    uint32_t id;
    size_t used;
    uint8_t byte = DSB_FRAME_CLOSE;

    EXPECT_STATUS(dsb_frame_decode(next_out(), &frame, &used), NX_OK);
    EXPECT_EQ(frame.kind, DSB_FRAME_GOAWAY);
    EXPECT_EQ(frame.code, step->code);
    EXPECT_BYTES(frame.body, nx_bytes_of_text(step->text2));
    EXPECT(dsb_mux_is_over(&script.mux));
    while (event.kind != DSB_MUX_SESSION_ENDED && next_event(&event, &id)) {
    }
    EXPECT_EQ(event.kind, DSB_MUX_SESSION_ENDED);
    EXPECT_STATUS(event.status, step->status);
    EXPECT_TEXT(event.why.text, step->why != NULL ? step->why : step->text2);
    EXPECT_STATUS(dsb_mux_input(&script.mux, script.now, nx_bytes_of(&byte, 1), &used),
                  NX_E_CLOSED);
    expect_quiet();
}

static struct dsb_stream_handle handle_of(const struct mux_step *step)
{
    return step->id < IDS ? script.handles[step->id] : (struct dsb_stream_handle){0};
}

/* The sentence to a limit that we met ourselves. */
static void expect_why(const struct mux_step *step)
{
    struct nx_why why;

    dsb_mux_why(&script.mux, &why);
    if (step->why != NULL)
        EXPECT_TEXT(why.text, step->why);
}

static void open_stream(const struct mux_step *step)
{
    struct nx_bytes name = nx_bytes_of_text(step->text);
    struct dsb_stream_handle handle = {0};

    EXPECT_STATUS(
        dsb_mux_open(&script.mux, name, (uint8_t)step->count, step->text[0] == 'm', &handle),
        step->status);
    expect_why(step);
    if (step->status != NX_OK)
        return;
    EXPECT_EQ(id_of(handle), step->id);
    script.handles[step->id] = handle;
}

static void accept_stream(const struct mux_step *step)
{
    struct dsb_mux_event event;
    uint32_t id;

    while (handle_of(step).serial == 0 && next_event(&event, &id)) {
    }
    EXPECT_STATUS(dsb_mux_accept(&script.mux, handle_of(step), true, (uint8_t)step->count),
                  step->status);
}

static void push(const struct mux_step *step)
{
    size_t taken;

    for (uint32_t turn = 0; turn < (step->times == 0 ? 1 : step->times); turn++) {
        EXPECT_STATUS(dsb_mux_push(&script.mux, script.now, handle_of(step),
                                   nx_bytes_of(payload, step->count), DSB_PUSH_WHOLE, &taken),
                      step->status);
        EXPECT_EQ(taken, step->status == NX_OK ? step->count : 0);
    }
    expect_why(step);
}

static void pull(const struct mux_step *step)
{
    struct nx_bytes front;
    bool ends;
    uint32_t left = step->count;

    while (left > 0) {
        if (!EXPECT_STATUS(dsb_mux_peek(&script.mux, handle_of(step), &front, &ends), NX_OK))
            return;
        uint32_t part = front.len < left ? (uint32_t)front.len : left;
        dsb_mux_drop(&script.mux, handle_of(step), part);
        left -= part;
    }
    if (step->status != NX_OK)
        EXPECT_STATUS(dsb_mux_peek(&script.mux, handle_of(step), &front, &ends), step->status);
}

static void expect_tight(const struct mux_step *step)
{
    struct nx_writer w = nx_writer_over(script.out, step->count);

    EXPECT(dsb_mux_has_output(&script.mux));
    EXPECT(!dsb_mux_output(&script.mux, &w));
    EXPECT_EQ(w.len, 0);
    EXPECT(dsb_mux_has_output(&script.mux));
}

static void terminate(const struct mux_step *step)
{
    bool is_over = dsb_mux_is_over(&script.mux);

    dsb_mux_terminate(&script.mux, (enum dsb_goaway_code)step->code, step->text);
    EXPECT_EQ(dsb_mux_is_over(&script.mux), is_over);
}

static struct nx_instant at_second(uint32_t count)
{
    return count == UINT32_MAX ? NX_NEVER
                               : nx_instant_after((struct nx_instant){0}, nx_seconds(count));
}

static void take_blocks(void)
{
    while (nx_pool_take(&script.pools.blocks) != NX_POOL_NONE)
        script.blocks++;
}

static void run_peer_step(const struct mux_step *step)
{
    uint32_t times = step->times == 0 ? 1 : step->times;
    size_t used;

    for (uint32_t turn = 0; turn < times && step->op == IN; turn++)
        EXPECT_STATUS(input(frame_of(step, turn)), step->status);
    for (uint32_t turn = 0; turn < times && step->op == OUT; turn++) {
        struct nx_bytes want = frame_of(step, turn);

        EXPECT_BYTES(next_out(), want);
    }
    if (step->op == BREACH) {
        EXPECT_STATUS(input(frame_of(step, 0)), step->status);
        expect_over(step);
    }
    if (step->op == RAW) {
        EXPECT_STATUS(
            dsb_mux_input(&script.mux, script.now, nx_bytes_of(step->text, step->count), &used),
            step->status);
        expect_over(step);
    }
}

static void run_step(const struct mux_step *step)
{
    struct dsb_mux *mux = &script.mux;
    struct dsb_mux_event event;
    uint32_t id;

    switch (step->op) {
    case DONE:
        break;
    case IN:
    case BREACH:
    case RAW:
    case OUT:
        run_peer_step(step);
        break;
    case QUIET:
        expect_quiet();
        break;
    case SKIP:
        while (has_more_out())
            script.out_at = script.out_len;
        break;
    case OPENS:
        open_stream(step);
        break;
    case ACCEPTS:
        accept_stream(step);
        break;
    case PUSH:
        push(step);
        break;
    case PULL:
        pull(step);
        break;
    case FINISH:
        EXPECT_STATUS(dsb_mux_finish(mux, handle_of(step)), step->status);
        break;
    case ABORT:
        EXPECT_STATUS(dsb_mux_abort(mux, handle_of(step), step->code, step->text), step->status);
        break;
    case RELEASE:
        dsb_mux_release(mux, handle_of(step));
        break;
    case AT:
        script.now = at_second(step->count);
        dsb_mux_tick(mux, script.now);
        break;
    case LATE:
        script.now = at_second(step->count);
        break;
    case DUE:
        EXPECT_EQ(dsb_mux_deadline(mux).ns, at_second(step->count).ns);
        break;
    case CUT:
        dsb_mux_cut(mux);
        break;
    case SHUTDOWN:
        EXPECT_STATUS(dsb_mux_shutdown(mux, (enum dsb_goaway_code)step->code, step->text),
                      step->status);
        break;
    case TERMINATE:
        terminate(step);
        break;
    case TIGHT:
        expect_tight(step);
        break;
    case RECORD:
        script.record_len = step->count;
        break;
    case EVENT:
        expect_event(step);
        break;
    case NO_EVENT:
        EXPECT(!next_event(&event, &id));
        break;
    case UNCONFIRMED:
        expect_unconfirmed(step);
        break;
    case CREDIT:
        EXPECT(dsb_mux_stream(mux, handle_of(step)) != NULL &&
               dsb_mux_stream(mux, handle_of(step))->inbox.credit == step->count);
        break;
    case HELD:
        EXPECT_EQ(script.pools.streams.used_count, step->count);
        break;
    case TAKEN:
        script.taken = nx_budget_left(&script.pools.grants) - step->count;
        EXPECT_STATUS(nx_budget_reserve(&script.pools.grants, script.taken), NX_OK);
        break;
    case QUEUED:
        nx_budget_release(&script.pools.queues, script.queued);
        script.queued = nx_budget_left(&script.pools.queues) - step->count;
        EXPECT_STATUS(nx_budget_reserve(&script.pools.queues, script.queued), NX_OK);
        break;
    case DRY:
        take_blocks();
        break;
    }
}

static void begin(void)
{
    memset(&script, 0, sizeof(script));
    memset(payload, 'x', sizeof(payload));
    script.record_len = sizeof(script.out);
    EXPECT_STATUS(dsb_pools_init(&script.pools, &profile, memory, sizeof(memory)), NX_OK);
    dsb_mux_init(&script.mux, script.now, &script.pools, true);
}

static void end(void)
{
    dsb_mux_wipe(&script.mux);
    EXPECT_EQ(script.pools.blocks.used_count, script.blocks);
    EXPECT_EQ(script.pools.streams.used_count, 0);
    EXPECT_EQ(script.pools.grants.used, script.taken);
    EXPECT_EQ(script.pools.queues.used, script.queued);
    EXPECT_EQ(script.pools.growth.used, 0);
}

void mux_script_run(const struct mux_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unit_row(rows[i].name);
        begin();
        for (size_t k = 0; k < MUX_SCRIPT_STEPS && rows[i].steps[k].op != DONE; k++) {
            run_step(&rows[i].steps[k]);
            if (unit_row_has_failed()) {
                unit_note("the step that failed, counted from 0:");
                unit_expect_eq(k, UINT64_MAX, "step", rows[i].name, 0);
                break;
            }
        }
        end();
    }
}
