#include "sim/flows.h"

#include "core/base/memory.h"
#include "sim/world.h"

enum {
    PIECE_MAX = 4096,   /* pushed or pulled at once */
    PIECES_A_TURN = 16, /* of one flow */
    SLOW_MS = 50,
};

/* ---- content --------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) + b;

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint8_t byte_at(const struct sim_flow *f, uint64_t offset)
{
    return (uint8_t)(mix(f->number, offset / 8) >> offset % 8 * 8);
}

/* How long the `n`th message is: most are short, some empty, some longer than any queue. */
static uint64_t message_len(const struct sim_flow *f, uint64_t n)
{
    uint64_t draw = mix(f->number + UINT64_C(0x100000000), n);

    if (draw % 16 == 0)
        return 0;
    if (draw % 64 == 1)
        return 1 + (draw >> 8) % 150000;
    return 1 + (draw >> 8) % 2000;
}

/* ---- the table ------------------------------------------------------------------------------- */

static void close_books(struct sim_world *w, struct sim_flow *f)
{
    struct sim_flows *all = &w->flows;

    if (!f->sender.is_over || (f->receiver.is_attached && !f->receiver.is_over))
        return;
    all->pushed.bytes += f->pushed.bytes;
    all->pushed.messages += f->pushed.messages;
    all->pulled.bytes += f->pulled.bytes;
    all->pulled.messages += f->pulled.messages;
    all->used_count--;
    f->is_used = false;
}

static struct sim_flow *by_number(struct sim_world *w, uint32_t number)
{
    for (uint32_t i = 0; i < SIM_FLOWS_MAX; i++) {
        if (w->flows.at[i].is_used && w->flows.at[i].number == number)
            return &w->flows.at[i];
    }
    return NULL;
}

static bool is_at(const struct sim_flow_end *end, const struct dsb_mux *mux,
                  struct dsb_stream_handle stream)
{
    return end->is_attached && !end->is_over && end->mux == mux &&
           end->stream.slot == stream.slot && end->stream.serial == stream.serial;
}

/* The flow of this stream of `d`, and which end that is. */
static struct sim_flow *by_stream(struct sim_world *w, const struct sim_device *d,
                                  const struct dsb_mux *mux, struct dsb_stream_handle stream,
                                  struct sim_flow_end **end)
{
    for (uint32_t i = 0; i < SIM_FLOWS_MAX; i++) {
        struct sim_flow *f = &w->flows.at[i];

        *end = f->from == d->index ? &f->sender : &f->receiver;
        if (f->is_used && (f->from == d->index || f->to == d->index) && is_at(*end, mux, stream))
            return f;
    }
    return NULL;
}

static void say(struct sim_world *w, const struct sim_device *d, const struct sim_flow *f,
                const char *what)
{
    struct nx_text *t = sim_trace_begin(&w->trace, w->now, d->name, what);

    nx_text_add(t, f->is_messages ? " msg/" : " byte/");
    nx_text_add_u64(t, f->number);
    nx_text_add(t, " pushed ");
    nx_text_add_u64(t, f->pushed.messages);
    nx_text_add(t, ":");
    nx_text_add_u64(t, f->pushed.bytes);
    nx_text_add(t, " pulled ");
    nx_text_add_u64(t, f->pulled.messages);
    nx_text_add(t, ":");
    nx_text_add_u64(t, f->pulled.bytes);
    sim_trace_end(&w->trace);
}

/* ---- pushing --------------------------------------------------------------------------------- */

static uint8_t priority_of(const struct sim_flow_wish *wish)
{
    if (wish->has_priority)
        return wish->priority;
    return wish->is_messages ? DSB_MSG_PRIORITY : DSB_BYTE_PRIORITY;
}

bool sim_flow_open(struct sim_world *w, struct sim_device *from, struct sim_device *to,
                   const struct sim_flow_wish *wish)
{
    struct dsb_mux *mux = dsb_node_session(&from->node, to->identity.id_text);
    char name[DSB_STREAM_NAME_MAX];
    struct nx_text t = nx_text_over(name, sizeof(name));
    struct dsb_stream_handle stream;
    uint32_t i = 0;

    while (i < SIM_FLOWS_MAX && w->flows.at[i].is_used)
        i++;
    if (mux == NULL || i == SIM_FLOWS_MAX)
        return false;
    nx_text_add(&t, wish->is_messages ? DSB_MSG_PREFIX : DSB_BYTE_PREFIX);
    nx_text_add_u64(&t, w->flows.count + 1);
    if (dsb_mux_open(mux, nx_bytes_of_text(name), priority_of(wish), wish->is_messages, &stream) !=
        NX_OK)
        return false;

    struct sim_flow *f = &w->flows.at[i];
    *f = (struct sim_flow){.is_used = true,
                           .number = ++w->flows.count,
                           .from = from->index,
                           .to = to->index,
                           .is_messages = wish->is_messages,
                           .is_slow = wish->is_slow,
                           .priority = priority_of(wish),
                           .wanted_bytes = wish->bytes,
                           .late_at = wish->within.ns > 0 ? nx_instant_after(w->now, wish->within)
                                                          : NX_NEVER,
                           .sender = {true, false, true, mux, stream}};
    w->flows.used_count++;
    from->is_touched = true;
    say(w, from, f, "opens");
    return true;
}

static void fill(const struct sim_flow *f, uint8_t *out, uint64_t from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = byte_at(f, from + i);
}

/* One piece of the message under way, or of the bytes. */
static enum nx_status push_piece(struct sim_flow *f, struct nx_instant now)
{
    uint8_t bytes[PIECE_MAX];
    uint64_t rest = f->is_messages ? message_len(f, f->pushed.messages) - f->push_at
                                   : f->wanted_bytes - f->pushed.bytes;
    size_t len = rest < PIECE_MAX ? (size_t)rest : PIECE_MAX;
    bool is_last = len == rest;
    size_t taken = 0;
    enum nx_status status;

    fill(f, bytes, f->pushed.bytes, len);
    if (f->is_messages) {
        struct dsb_msg_stream s = {f->sender.mux, f->sender.stream};

        status = dsb_msg_stream_push_part(&s, now, nx_bytes_of(bytes, len), is_last, &taken);
    } else {
        struct dsb_byte_stream s = {f->sender.mux, f->sender.stream};

        status = dsb_byte_stream_push(&s, now, nx_bytes_of(bytes, len), &taken);
    }
    if (status != NX_OK)
        return status;
    f->pushed.bytes += taken;
    f->push_at += taken;
    if (f->is_messages && is_last && taken == len) {
        f->pushed.messages++;
        f->push_at = 0;
    }
    return NX_OK;
}

static void finish(struct sim_world *w, struct sim_flow *f)
{
    f->is_finished = true;
    f->sender.may_go_on = false;
    if (dsb_mux_finish(f->sender.mux, f->sender.stream) != NX_OK)
        sim_world_fail(w, "a stream that could be pushed into cannot be finished");
}

/* True: there is more to push. */
static bool push(struct sim_world *w, struct sim_device *d, struct sim_flow *f)
{
    for (int i = 0; i < PIECES_A_TURN; i++) {
        if (f->pushed.bytes >= f->wanted_bytes && f->push_at == 0) {
            finish(w, f);
            return false;
        }
        if (!f->is_messages && f->pushed.bytes == f->wanted_bytes) {
            finish(w, f);
            return false;
        }
        enum nx_status status = push_piece(f, sim_device_now(d));
        if (status != NX_OK) { /* WRITABLE or the end will come */
            f->sender.may_go_on = false;
            return false;
        }
    }
    return true;
}

/* ---- pulling --------------------------------------------------------------------------------- */

static void check_bytes(struct sim_world *w, const struct sim_flow *f, struct nx_bytes bytes)
{
    if (f->pulled.bytes + bytes.len > f->pushed.bytes) {
        sim_world_fail(w, "more was pulled than was pushed");
        return;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] != byte_at(f, f->pulled.bytes + i)) {
            sim_world_fail(w, "what is pulled is not what was pushed");
            return;
        }
    }
}

static void check_border(struct sim_world *w, struct sim_flow *f)
{
    if (f->pull_at != message_len(f, f->pulled.messages))
        sim_world_fail(w, "a message ends where it was not ended");
    f->pulled.messages++;
    f->pull_at = 0;
}

static enum nx_status pull_piece(struct sim_world *w, struct sim_flow *f)
{
    uint8_t bytes[PIECE_MAX];
    size_t len = 0;
    bool is_whole = false;
    enum nx_status status;

    if (f->is_messages) {
        struct dsb_msg_stream s = {f->receiver.mux, f->receiver.stream};

        status = dsb_msg_stream_pull(&s, bytes, sizeof(bytes), &len, &is_whole);
    } else {
        struct dsb_byte_stream s = {f->receiver.mux, f->receiver.stream};

        status = dsb_byte_stream_pull(&s, bytes, sizeof(bytes), &len);
    }
    if (status != NX_OK)
        return status;
    check_bytes(w, f, nx_bytes_of(bytes, len));
    f->pulled.bytes += len;
    f->pull_at += len;
    if (is_whole)
        check_border(w, f);
    return NX_OK;
}

static void end_of_pull(struct sim_world *w, struct sim_flow *f)
{
    if (!f->is_finished || f->pulled.bytes != f->pushed.bytes ||
        f->pulled.messages != f->pushed.messages)
        sim_world_fail(w, "the end was read before everything that was pushed");
    if (w->now.ns > f->late_at.ns)
        sim_world_fail(w, "it came later than what else there is to send excuses");
    f->end_pulled = true;
    (void)!dsb_mux_finish(f->receiver.mux, f->receiver.stream); /* it may be over already */
}

/* True: there is more to pull, now or for a slow reader later. */
static bool pull(struct sim_world *w, struct sim_flow *f)
{
    int pieces = f->is_slow ? 1 : PIECES_A_TURN;

    if (f->is_slow && !nx_instant_reached(f->pull_after, w->now))
        return false;
    for (int i = 0; i < pieces; i++) {
        enum nx_status status = pull_piece(w, f);

        if (status == NX_OK)
            continue;
        f->receiver.may_go_on = false;
        if (status == NX_END)
            end_of_pull(w, f);
        return false;
    }
    if (f->is_slow)
        f->pull_after = nx_instant_after(w->now, nx_milliseconds(SLOW_MS));
    return !f->is_slow;
}

bool sim_flows_work(struct sim_world *w, struct sim_device *d)
{
    bool has_more = false;

    for (uint32_t i = 0; w->flows.used_count > 0 && i < SIM_FLOWS_MAX; i++) {
        struct sim_flow *f = &w->flows.at[i];

        if (!f->is_used)
            continue;
        if (f->from == d->index && f->sender.may_go_on && !f->sender.is_over)
            has_more |= push(w, d, f);
        if (f->to == d->index && f->receiver.may_go_on && !f->receiver.is_over)
            has_more |= pull(w, f);
    }
    return has_more;
}

struct nx_instant sim_flows_deadline(const struct sim_world *w, const struct sim_device *d)
{
    struct nx_instant next = NX_NEVER;

    for (uint32_t i = 0; w->flows.used_count > 0 && i < SIM_FLOWS_MAX; i++) {
        const struct sim_flow *f = &w->flows.at[i];

        if (f->is_used && f->is_slow && f->to == d->index && f->receiver.may_go_on &&
            !f->receiver.is_over)
            next = nx_instant_earlier(next, f->pull_after);
    }
    return next;
}

/* ---- news ------------------------------------------------------------------------------------ */

/* The number in a name that was made above; 0: it is none of ours. */
static uint32_t number_in(struct nx_bytes name)
{
    uint32_t number = 0;

    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '/')
            number = 0;
        else if (name.ptr[i] >= '0' && name.ptr[i] <= '9')
            number = number * 10 + (uint32_t)(name.ptr[i] - '0');
    }
    return number;
}

static void on_opened(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    struct sim_flow *f = by_number(w, number_in(event->mux.name));

    /* Its sender went off, and its books are closed. */
    if (f == NULL || f->to != d->index || f->receiver.is_attached) {
        dsb_mux_release(event->session, event->mux.stream);
        return;
    }
    if (!sim_device_is(&w->devices[f->from], event->id_text))
        sim_world_fail(w, "a stream comes from another device than the one that opened it");
    if (dsb_node_accept(&d->node, sim_device_now(d), event->session, event->mux.stream) != NX_OK) {
        dsb_mux_release(event->session, event->mux.stream);
        return;
    }
    f->receiver = (struct sim_flow_end){true, false, true, event->session, event->mux.stream};
    d->is_touched = true;
}

static void on_ended(struct sim_world *w, struct sim_device *d, struct sim_flow *f,
                     struct sim_flow_end *end, const struct dsb_mux_event *event)
{
    say(w, d, f, end == &f->sender ? "sent" : "received");
    dsb_mux_release(end->mux, end->stream);
    end->is_over = true;
    if (end == &f->sender)
        sim_oracle_flow_ended(w, f, event);
    close_books(w, f);
}

void sim_flows_news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    struct sim_flow_end *end;
    struct sim_flow *f;

    if (event->kind != DSB_NODE_STREAM)
        return;
    if (event->mux.kind == DSB_MUX_OPENED) {
        on_opened(w, d, event);
        return;
    }
    f = by_stream(w, d, event->session, event->mux.stream, &end);
    if (f == NULL)
        return;
    if (event->mux.kind == DSB_MUX_READABLE && end == &f->receiver)
        end->may_go_on = true;
    if (event->mux.kind == DSB_MUX_WRITABLE && end == &f->sender)
        end->may_go_on = true;
    if (event->mux.kind == DSB_MUX_ENDED)
        on_ended(w, d, f, end, &event->mux);
}

void sim_flows_off(struct sim_world *w, struct sim_device *d)
{
    for (uint32_t i = 0; i < SIM_FLOWS_MAX; i++) {
        struct sim_flow *f = &w->flows.at[i];

        if (!f->is_used)
            continue;
        if (f->from == d->index)
            f->sender.is_over = true;
        if (f->to == d->index)
            f->receiver.is_over = true;
        if (f->from == d->index || f->to == d->index)
            close_books(w, f);
    }
}
