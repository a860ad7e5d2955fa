/* Frames that arrive: one function each. A breach ends the session; what concerns a stream that is
 * already gone is no breach, the peer could not know. */
#include "core/base/text.h"
#include "core/bus/mux_internal.h"

#include "core/base/memory.h"

static enum nx_status breach(struct dsb_mux *m, enum nx_status status, uint16_t code,
                             const char *label)
{
    m->end_by_peer = false;
    dsb_mux_end(m, status, code, label);
    return status;
}

static enum nx_status breach_of_state(struct dsb_mux *m)
{
    return breach(m, NX_E_STATE, DSB_GOAWAY_PROTOCOL, MUX_REJECT_STATE);
}

/* Over a limit. The owner is told its value and what was asked; the peer only the label, where there is
 * one. */
static enum nx_status breach_of_limit(struct dsb_mux *m, enum nx_status status, uint16_t code,
                                      const char *label, struct dsb_mux_limit limit)
{
    struct nx_why why;

    m->end_label = label;
    dsb_mux_limit_explain(&limit, label, &why);
    return breach(m, status, code, why.text);
}

static enum nx_status breach_of_window(struct dsb_mux *m, const char *what, uint64_t limit,
                                       uint64_t asked)
{
    return breach_of_limit(m, NX_E_LIMIT, DSB_GOAWAY_PROTOCOL, MUX_REJECT_WINDOW,
                           (struct dsb_mux_limit){what, limit, asked});
}

/* The first window of a stream is DSB_CREDIT_INITIAL or more. */
static enum nx_status breach_of_first_window(struct dsb_mux *m, uint32_t window)
{
    return breach_of_window(m, "a first window, at least", DSB_CREDIT_INITIAL, window);
}

/* The initiator opens odd ids. */
static bool is_ours(const struct dsb_mux *m, uint32_t id)
{
    return (id % 2 == 1) == m->is_initiator;
}

/* Does the wire know of it, or did it once? Ours begin with the OPEN that goes out. */
static bool was_ever_opened(const struct dsb_mux *m, uint32_t id, uint32_t slot)
{
    if (slot != DSB_SLOT_NONE)
        return !dsb_streams_at(&m->streams, slot)->open_due;
    return is_ours(m, id) ? id < m->next_id : id <= m->last_peer_id;
}

/* The stream that a frame is for. NX_OK with a slot, or with DSB_SLOT_NONE for one that is gone. */
static enum nx_status find(struct dsb_mux *m, const struct dsb_frame *frame, uint32_t *slot)
{
    *slot = dsb_streams_find(&m->streams, frame->stream_id);
    if (!was_ever_opened(m, frame->stream_id, *slot))
        return breach(m, NX_E_STATE, DSB_GOAWAY_PROTOCOL, MUX_REJECT_UNKNOWN);
    return NX_OK;
}

static bool peer_has_closed(const struct dsb_stream *s)
{
    return s->state == DSB_STREAM_HALF_CLOSED_REMOTE || s->state == DSB_STREAM_CLOSED;
}

/* More credit for us. The whole window, what is out of it included, stays a number of 32 bits. */
static enum nx_status widen(struct dsb_mux *m, struct dsb_stream *s, uint32_t more)
{
    uint32_t window = s->outbox.credit + s->outbox.ledger.outstanding_cost;

    if (more > UINT32_MAX - window)
        return breach_of_window(m, "a window", UINT32_MAX, (uint64_t)window + more);
    s->outbox.credit += more;
    return NX_OK;
}

_Static_assert(DSB_CREDIT_NODE_MAX + DSB_CREDIT_INITIAL <= UINT32_MAX,
               "what a refusal says of credit fits 32 bits");

/* By RST, with a label, which has no limit, or with the sentence of one. */
static enum nx_status refuse_with(struct dsb_mux *m, uint32_t id, uint16_t code,
                                  struct dsb_mux_limit limit)
{
    if (m->refusal_count == DSB_RST_WAITING_MAX)
        return breach_of_limit(m, NX_E_LIMIT, DSB_GOAWAY_LIMIT, NULL,
                               (struct dsb_mux_limit){"refusals waiting", DSB_RST_WAITING_MAX,
                                                      DSB_RST_WAITING_MAX + 1});

    m->refusals[m->refusal_count++] = (struct dsb_mux_refusal){
        id, code, limit.what, (uint32_t)limit.limit, (uint32_t)limit.asked};
    m->gone_credit += DSB_CREDIT_INITIAL; /* may be on its way already */
    return NX_OK;
}

static enum nx_status refuse(struct dsb_mux *m, uint32_t id, uint16_t code, const char *label)
{
    return refuse_with(m, id, code, (struct dsb_mux_limit){label, 0, 0});
}

static enum nx_status on_open(struct dsb_mux *m, struct nx_instant now,
                              const struct dsb_frame *frame)
{
    uint32_t id = frame->stream_id;

    if (is_ours(m, id) || id <= m->last_peer_id)
        return breach_of_state(m);
    if (frame->window < DSB_CREDIT_INITIAL)
        return breach_of_first_window(m, frame->window);
    if (!nx_bucket_take(&m->opens, now))
        return breach_of_limit(m, NX_E_LIMIT, DSB_GOAWAY_LIMIT, NULL,
                               (struct dsb_mux_limit){"streams opened at once, beyond 128 a second",
                                                      DSB_OPEN_BURST, DSB_OPEN_BURST + 1});
    m->last_peer_id = id;

    if (m->state == DSB_MUX_ENDING)
        return refuse(m, id, DSB_RST_REFUSED, "the session is ending");
    if (!nx_utf8_is_valid(frame->body))
        return refuse(m, id, DSB_RST_BAD_NAME, MUX_REJECT_NAME);

    uint32_t slot;
    enum nx_status status = dsb_streams_add(&m->streams, id, false, frame->body, &slot);
    if (status == NX_E_EXISTS)
        return refuse(m, id, DSB_RST_DUPLICATE_NAME, MUX_REJECT_DUPLICATE);
    if (status != NX_OK)
        return refuse(m, id, DSB_RST_LIMIT, MUX_REJECT_STREAM_LIMIT);

    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);
    if (dsb_inbox_init(&s->inbox, &m->grants, &m->growth) != NX_OK) {
        dsb_streams_unindex(&m->streams, slot);
        dsb_streams_remove(&m->streams, slot);
        return refuse_with(m, id, DSB_RST_LIMIT, dsb_mux_limit_of_credit(m));
    }
    dsb_outbox_init(&s->outbox, m->streams.pools, false);
    s->outbox.credit = frame->window;
    s->priority = frame->priority;
    s->read_status = NX_WOULD_BLOCK;
    dsb_mux_tell(m, slot, DSB_MUX_OPENED);
    return NX_OK;
}

static enum nx_status on_open_ack(struct dsb_mux *m, const struct dsb_frame *frame)
{
    uint32_t slot;
    enum nx_status status = find(m, frame, &slot);

    if (status != NX_OK || slot == DSB_SLOT_NONE)
        return status;

    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);
    if (!s->is_ours || s->is_accepted || peer_has_closed(s))
        return breach_of_state(m);
    /* The window is the whole, with what was sent before. */
    if (frame->window < DSB_CREDIT_INITIAL)
        return breach_of_first_window(m, frame->window);
    status = widen(m, s, frame->window - DSB_CREDIT_INITIAL);
    if (status != NX_OK)
        return status;

    s->is_accepted = true;
    dsb_mux_tell(m, slot, DSB_MUX_ACCEPTED);
    dsb_mux_settle(m, slot);
    return NX_OK;
}

static void wake_reader(struct dsb_mux *m, uint32_t slot)
{
    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

    if (s->reader_waits) {
        s->reader_waits = false;
        dsb_mux_tell(m, slot, DSB_MUX_READABLE);
    }
}

/* Sent before the peer knew that the stream is gone: dropped, against the credit it still had. */
static enum nx_status on_late_data(struct dsb_mux *m, const struct dsb_frame *frame)
{
    uint32_t cost = dsb_frame_cost((uint32_t)frame->body.len);

    if (cost > m->gone_credit)
        return breach_of_window(m, "credit of gone streams", m->gone_credit, cost);
    m->gone_credit -= cost;
    return NX_OK;
}

static enum nx_status on_data(struct dsb_mux *m, const struct dsb_frame *frame)
{
    uint32_t slot;
    enum nx_status status = find(m, frame, &slot);

    if (status != NX_OK)
        return status;
    if (slot == DSB_SLOT_NONE)
        return on_late_data(m, frame);

    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);
    if (peer_has_closed(s))
        return breach_of_state(m);

    const struct nx_pool *blocks = &m->streams.pools->blocks;
    status = dsb_inbox_put(&s->inbox, &m->streams.pools->blocks, frame->body, frame->ends_message);
    if (status == NX_E_LIMIT)
        return breach_of_window(m, "credit of the stream", s->inbox.credit,
                                dsb_frame_cost((uint32_t)frame->body.len));
    if (status != NX_OK)
        return breach_of_limit(m, status, DSB_GOAWAY_LIMIT, NULL,
                               (struct dsb_mux_limit){"blocks of the node", blocks->block_count,
                                                      blocks->used_count + 1u});
    wake_reader(m, slot);
    return NX_OK;
}

static enum nx_status on_window_update(struct dsb_mux *m, const struct dsb_frame *frame)
{
    uint32_t slot;
    enum nx_status status = find(m, frame, &slot);

    if (status != NX_OK || slot == DSB_SLOT_NONE)
        return status;

    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);
    uint32_t out = s->outbox.ledger.outstanding_cost;
    if (!frame->grows_window && dsb_ledger_return(&s->outbox.ledger, frame->window) != NX_OK)
        return breach_of_window(m, "credit that is out", out, frame->window);
    status = widen(m, s, frame->window);
    if (status != NX_OK)
        return status;
    dsb_mux_settle(m, slot);
    return NX_OK;
}

static enum nx_status on_rst(struct dsb_mux *m, const struct dsb_frame *frame)
{
    uint32_t slot;
    enum nx_status status = find(m, frame, &slot);

    if (status != NX_OK || slot == DSB_SLOT_NONE)
        return status;

    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);
    NX_CHECK(dsb_stream_enter(&s->state, DSB_STREAM_RECEIVE_RESET) == NX_OK); /* in any state */
    s->reset_by_peer = true;
    s->reset_code = frame->code;
    nx_text_for_show(frame->body, s->why.text, sizeof(s->why.text));
    dsb_mux_end_stream(m, slot, NX_E_ABORTED);
    return NX_OK;
}

static enum nx_status on_close(struct dsb_mux *m, const struct dsb_frame *frame)
{
    uint32_t slot;
    enum nx_status status = find(m, frame, &slot);

    if (status != NX_OK || slot == DSB_SLOT_NONE)
        return status;

    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);
    if (dsb_stream_enter(&s->state, DSB_STREAM_RECEIVE_CLOSE) != NX_OK)
        return breach_of_state(m);
    wake_reader(m, slot);
    dsb_mux_settle(m, slot);
    return NX_OK;
}

/* Streams of ours that the peer will not serve any more end as refused. */
static void drop_unserved(struct dsb_mux *m, const struct dsb_frame *goaway)
{
    for (uint32_t slot = m->streams.all.first, next; slot != DSB_SLOT_NONE; slot = next) {
        struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

        next = s->links[DSB_LIST_ALL].next;
        if (!s->is_indexed || !s->is_ours || s->id <= goaway->last_stream_id)
            continue;
        s->reset_by_peer = true;
        s->reset_code = DSB_RST_REFUSED;
        nx_text_for_show(goaway->body, s->why.text, sizeof(s->why.text));
        s->state = DSB_STREAM_RESET;
        dsb_mux_end_stream(m, slot, NX_E_ABORTED);
    }
}

/* The peer's mux is over, not ending: nothing goes on behind this one. */
static bool is_last_word_of(const struct dsb_mux *m, const struct dsb_frame *goaway)
{
    return m->goaway_came || goaway->code == DSB_GOAWAY_PROTOCOL ||
           goaway->code == DSB_GOAWAY_LIMIT || goaway->code == DSB_GOAWAY_TIMEOUT;
}

static enum nx_status on_goaway(struct dsb_mux *m, const struct dsb_frame *frame)
{
    bool is_last_word = is_last_word_of(m, frame);

    m->goaway_came = true;

    /* Where both said it at once, each keeps its own reason. */
    if (m->state == DSB_MUX_ACTIVE || is_last_word) {
        m->end_by_peer = true;
        m->end_code = frame->code;
        nx_text_for_show(frame->body, m->end_why.text, sizeof(m->end_why.text));
    }
    if (is_last_word) {
        dsb_mux_end(m, NX_END, m->end_code, m->end_why.text);
        return NX_OK;
    }
    dsb_mux_begin_end(m);
    drop_unserved(m, frame);
    dsb_mux_end_when_drained(m);
    return NX_OK;
}

/* It was heard, which is all that most PONGs are for. A peer answers the newest PING only, so that one
 * of a later number answers ours, too; what was never asked answers nothing. */
static void on_pong(struct dsb_mux *m, struct nx_instant now, const struct dsb_frame *frame)
{
    struct nx_reader r = nx_reader_over(frame->body);
    uint64_t number = nx_read_u64le(&r);

    if (m->ping_state != DSB_MUX_PING_SENT || number < m->ping_number || number > m->ping_count)
        return;
    m->ping_took = nx_duration_between(m->ping_at, now);
    m->ping_state = DSB_MUX_PING_ANSWERED;
}

static enum nx_status on_frame(struct dsb_mux *m, struct nx_instant now,
                               const struct dsb_frame *frame)
{
    switch (frame->kind) {
    case DSB_FRAME_OPEN:
        return on_open(m, now, frame);
    case DSB_FRAME_OPEN_ACK:
        return on_open_ack(m, frame);
    case DSB_FRAME_DATA:
        return on_data(m, frame);
    case DSB_FRAME_WINDOW_UPDATE:
        return on_window_update(m, frame);
    case DSB_FRAME_RST:
        return on_rst(m, frame);
    case DSB_FRAME_PING:
        memcpy(m->pong, frame->body.ptr, DSB_PING_LEN); /* the newest is answered */
        m->pong_due = true;
        return NX_OK;
    case DSB_FRAME_PONG:
        on_pong(m, now, frame);
        return NX_OK;
    case DSB_FRAME_CLOSE:
        return on_close(m, frame);
    case DSB_FRAME_GOAWAY:
        return on_goaway(m, frame);
    case DSB_FRAME_PAIR:
        break; /* only a session that is not paired carries these */
    }
    return breach_of_state(m);
}

enum nx_status dsb_mux_input(struct dsb_mux *m, struct nx_instant now, struct nx_bytes in,
                             size_t *used)
{
    *used = 0;
    while (in.len > 0) {
        struct dsb_frame frame;
        size_t frame_len;

        if (m->state == DSB_MUX_OVER)
            return NX_E_CLOSED;

        enum nx_status status = dsb_frame_decode(in, &frame, &frame_len);
        if (status == NX_WOULD_BLOCK)
            return NX_OK;
        if (status == NX_E_LIMIT)
            return breach_of_limit(m, status, DSB_GOAWAY_PROTOCOL, MUX_REJECT_OVERSIZE,
                                   (struct dsb_mux_limit){"bytes of payload", DSB_FRAME_PAYLOAD_MAX,
                                                          dsb_frame_payload_len(in)});
        if (status != NX_OK)
            return breach(m, status, DSB_GOAWAY_PROTOCOL, "a frame breaks its format");
        if (dsb_keepalive_heard(&m->keepalive, now) != NX_OK) {
            dsb_mux_tick(m, now);
            return NX_E_CLOSED;
        }

        *used += frame_len;
        in = nx_bytes_skip(in, frame_len);
        status = on_frame(m, now, &frame);
        if (status != NX_OK)
            return status;
    }
    return NX_OK;
}
