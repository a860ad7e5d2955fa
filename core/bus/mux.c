#include "core/bus/mux.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/mux_internal.h"

enum {
    STARVED_RETRY_MS = 10, /* a push met the node's bound: another session frees it, unseen here */
};

void dsb_mux_init(struct dsb_mux *m, struct nx_instant now, struct dsb_pools *pools,
                  bool is_initiator)
{
    *m = (struct dsb_mux){
        .is_initiator = is_initiator,
        .next_id = is_initiator ? 1 : 2,
        .starved_until = NX_NEVER,
    };
    dsb_streams_init(&m->streams, pools, m);
    nx_budget_init(&m->grants, DSB_CREDIT_SESSION_MAX, &pools->grants);
    nx_budget_init(&m->growth, DSB_CREDIT_GROWTH_MAX, &pools->growth);
    nx_bucket_init(&m->opens, DSB_OPEN_BURST, DSB_OPEN_PER_SECOND);
    dsb_keepalive_init(&m->keepalive, now, pools->profile->keepalive_interval,
                       pools->profile->keepalive_timeout);
    dsb_scheduler_init(&m->scheduler);
}

/* ---- ends ---------------------------------------------------------------------------------- */

/* Whatever an application gives as a reason: frames carry UTF-8, and people read it. */
static void set_why(struct nx_why *why, const char *text)
{
    nx_text_for_show(nx_bytes_of_text(text), why->text, sizeof(why->text));
}

void dsb_mux_tell(struct dsb_mux *m, uint32_t slot, enum dsb_mux_event_kind kind)
{
    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

    s->events |= (uint8_t)(1u << kind);
    dsb_streams_enlist(&m->streams, slot, DSB_LIST_EVENT);
}

void dsb_mux_free_stream(struct dsb_mux *m, uint32_t slot)
{
    const struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

    if (!s->is_indexed && s->is_released && s->has_ended && !s->reset_due)
        dsb_streams_remove(&m->streams, slot);
}

void dsb_mux_begin_end(struct dsb_mux *m)
{
    if (m->state != DSB_MUX_ACTIVE)
        return;
    m->state = DSB_MUX_ENDING;
    m->last_served_id = m->last_peer_id;
}

void dsb_mux_end_when_drained(struct dsb_mux *m)
{
    /* What still is in the list of control, and in no index, waits to tell why it was reset. */
    if (m->state == DSB_MUX_ENDING && m->streams.indexed_count == 0 &&
        m->streams.control.first == DSB_SLOT_NONE && m->refusal_count == 0)
        dsb_mux_end(m, NX_END, m->end_code, m->end_why.text);
}

static void count_unconfirmed(struct dsb_mux *m, const struct dsb_stream *s)
{
    struct dsb_amount amount = dsb_ledger_unconfirmed(&s->outbox.ledger);

    m->unconfirmed.bytes += amount.bytes;
    m->unconfirmed.messages += amount.messages;
}

static void end_stream(struct dsb_mux *m, uint32_t slot, enum nx_status status)
{
    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);
    bool peer_finished = s->state == DSB_STREAM_HALF_CLOSED_REMOTE || s->state == DSB_STREAM_CLOSED;
    bool read_all = peer_finished && dsb_inbox_is_empty(&s->inbox);

    s->end_status = status;
    s->write_status = NX_E_CLOSED;
    s->read_status = read_all ? NX_END : NX_E_CLOSED;
    if (status == NX_E_ABORTED && s->reset_by_peer)
        s->write_status = s->read_status = NX_E_ABORTED;
    if (status != NX_END && !s->reset_by_peer && !s->open_due)
        m->gone_credit += s->inbox.credit; /* what the peer had sent before it knew */

    count_unconfirmed(m, s);
    dsb_streams_unindex(&m->streams, slot);
    dsb_inbox_wipe(&s->inbox, &m->streams.pools->blocks);
    dsb_outbox_wipe(&s->outbox, &m->streams.pools->blocks);
    dsb_streams_delist(&m->streams, slot, DSB_LIST_READY);
    s->open_due = s->ack_due = s->close_due = false;
    if (!s->reset_due)
        dsb_streams_delist(&m->streams, slot, DSB_LIST_CONTROL);

    /* An owner that never heard of the stream does not hear of its end. */
    s->events = 0;
    if (s->was_offered) {
        dsb_mux_tell(m, slot, DSB_MUX_ENDED);
    } else {
        dsb_streams_delist(&m->streams, slot, DSB_LIST_EVENT);
        s->is_released = s->has_ended = true;
        dsb_mux_free_stream(m, slot);
    }
}

void dsb_mux_end_stream(struct dsb_mux *m, uint32_t slot, enum nx_status status)
{
    end_stream(m, slot, status);
    dsb_mux_end_when_drained(m);
}

void dsb_mux_end(struct dsb_mux *m, enum nx_status status, uint16_t code, const char *why)
{
    if (m->state == DSB_MUX_OVER)
        return;

    /* Over before the streams are: the last of them does not end the session a second time. */
    dsb_mux_begin_end(m);
    m->state = DSB_MUX_OVER;
    m->goaway_due = m->goaway_due || (status != NX_END && status != NX_E_CLOSED);
    m->pong_due = false;
    m->refusal_count = 0;
    m->starved_until = NX_NEVER;
    m->end_status = status;
    m->end_code = code;
    if (why != m->end_why.text)
        set_why(&m->end_why, why);
    m->end_due = true;

    for (uint32_t slot = m->streams.all.first, next; slot != DSB_SLOT_NONE; slot = next) {
        struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

        next = s->links[DSB_LIST_ALL].next;
        dsb_streams_delist(&m->streams, slot, DSB_LIST_CONTROL);
        s->reset_due = false; /* a reset that did not go out never will */
        if (s->is_indexed) {
            s->why = m->end_why;
            end_stream(m, slot, NX_E_CLOSED);
        } else {
            dsb_mux_free_stream(m, slot);
        }
    }
}

void dsb_mux_cut(struct dsb_mux *m)
{
    if (m->goaway_came)
        dsb_mux_end(m, NX_END, m->end_code, m->end_why.text);
    else
        dsb_mux_end(m, NX_E_CLOSED, 0, "the link was cut");
    m->goaway_due = false;
}

enum nx_status dsb_mux_shutdown(struct dsb_mux *m, enum dsb_goaway_code code, const char *why)
{
    if (m->state != DSB_MUX_ACTIVE)
        return NX_E_CLOSED;

    dsb_mux_begin_end(m);
    m->goaway_due = true;
    m->end_code = (uint16_t)code;
    set_why(&m->end_why, why);
    dsb_mux_end_when_drained(m);
    return NX_OK;
}

void dsb_mux_terminate(struct dsb_mux *m, enum dsb_goaway_code code, const char *why)
{
    if (m->state == DSB_MUX_OVER)
        return;
    m->end_by_peer = false;
    m->goaway_due = true;
    dsb_mux_end(m, NX_END, (uint16_t)code, why);
}

void dsb_mux_break(struct dsb_mux *m, enum nx_status status, const char *why)
{
    NX_CHECK(status < 0 && status != NX_E_CLOSED);
    if (m->state == DSB_MUX_OVER)
        return;
    m->end_by_peer = false;
    dsb_mux_end(m, status, DSB_GOAWAY_PROTOCOL, why);
}

bool dsb_mux_is_over(const struct dsb_mux *m)
{
    return m->state == DSB_MUX_OVER && !m->goaway_due;
}

void dsb_mux_wipe(struct dsb_mux *m)
{
    dsb_mux_end(m, NX_E_CLOSED, 0, "");
    while (m->streams.all.first != DSB_SLOT_NONE)
        dsb_streams_remove(&m->streams, m->streams.all.first);
    m->goaway_due = false;
    m->end_due = false;
    m->ping_state = DSB_MUX_PING_NONE;
}

/* ---- signs of life -------------------------------------------------------------------------- */

enum nx_status dsb_mux_ping(struct dsb_mux *m, struct nx_instant now)
{
    if (m->state == DSB_MUX_OVER)
        return NX_E_CLOSED;
    if (m->ping_state != DSB_MUX_PING_NONE)
        return NX_E_BUSY;

    m->ping_state = DSB_MUX_PING_DUE;
    m->ping_at = now;
    return NX_OK;
}

void dsb_mux_doubt(struct dsb_mux *m, struct nx_instant now)
{
    if (m->state != DSB_MUX_OVER)
        dsb_keepalive_doubt(&m->keepalive, now, nx_seconds(DSB_SESSION_DOUBT_S));
}

/* ---- time ---------------------------------------------------------------------------------- */

/* Tell the writers that have room again; look once more for those that nothing of their own will
 * wake. */
static void wake_starved(struct dsb_mux *m, struct nx_instant now)
{
    m->starved_until = NX_NEVER;
    for (uint32_t slot = m->streams.all.first, next; slot != DSB_SLOT_NONE; slot = next) {
        struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

        next = s->links[DSB_LIST_ALL].next;
        if (!s->writer_waits || !s->is_indexed)
            continue;
        if (dsb_outbox_room(&s->outbox) > 0) {
            s->writer_waits = false;
            dsb_mux_tell(m, slot, DSB_MUX_WRITABLE);
        } else if (dsb_outbox_is_empty(&s->outbox)) {
            m->starved_until = nx_instant_after(now, nx_milliseconds(STARVED_RETRY_MS));
        }
    }
}

void dsb_mux_tick(struct dsb_mux *m, struct nx_instant now)
{
    if (m->state == DSB_MUX_OVER)
        return;
    if (nx_instant_reached(m->starved_until, now))
        wake_starved(m, now);
    dsb_keepalive_tick(&m->keepalive, now);
    if (m->keepalive.state == DSB_KEEPALIVE_LOST) {
        m->end_by_peer = false;
        dsb_mux_end(m, NX_E_TIMEOUT, DSB_GOAWAY_TIMEOUT,
                    "the peer has not been heard for too long");
    }
}

struct nx_instant dsb_mux_deadline(const struct dsb_mux *m)
{
    if (m->state == DSB_MUX_OVER)
        return NX_NEVER;
    return nx_instant_earlier(dsb_keepalive_deadline(&m->keepalive), m->starved_until);
}

/* ---- events -------------------------------------------------------------------------------- */

static enum dsb_mux_event_kind first_event(const struct dsb_stream *s)
{
    unsigned kind = 0;

    while ((s->events >> kind & 1) == 0)
        kind++;
    return (enum dsb_mux_event_kind)kind;
}

static void tell_stream(struct dsb_mux *m, uint32_t slot, struct dsb_mux_event *event)
{
    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

    *event =
        (struct dsb_mux_event){.kind = first_event(s), .stream = dsb_stream_handle_of(slot, s)};
    s->events &= (uint8_t) ~(1u << event->kind);
    if (s->events == 0)
        dsb_streams_delist(&m->streams, slot, DSB_LIST_EVENT);

    if (event->kind == DSB_MUX_OPENED) {
        s->was_offered = true;
        event->name = nx_bytes_of(s->name, s->name_len);
        event->priority = s->priority;
    } else if (event->kind == DSB_MUX_ENDED) {
        s->has_ended = true;
        event->status = s->end_status;
        event->by_peer = s->reset_by_peer;
        event->code = s->reset_code;
        event->why = s->why;
        event->unconfirmed = dsb_ledger_unconfirmed(&s->outbox.ledger);
        dsb_mux_free_stream(m, slot);
    }
}

bool dsb_mux_event(struct dsb_mux *m, struct dsb_mux_event *event)
{
    if (m->streams.event.first != DSB_SLOT_NONE) {
        tell_stream(m, m->streams.event.first, event);
        return true;
    }
    if (m->ping_state == DSB_MUX_PING_ANSWERED) {
        m->ping_state = DSB_MUX_PING_NONE;
        *event = (struct dsb_mux_event){.kind = DSB_MUX_PONG, .round_trip = m->ping_took};
        return true;
    }
    if (!m->end_due)
        return false;

    m->end_due = false;
    *event = (struct dsb_mux_event){.kind = DSB_MUX_SESSION_ENDED,
                                    .status = m->end_status,
                                    .by_peer = m->end_by_peer,
                                    .code = m->end_code,
                                    .why = m->end_why,
                                    .unconfirmed = m->unconfirmed};
    return true;
}

/* ---- streams ------------------------------------------------------------------------------- */

/* All said in both directions and nothing outstanding: gone. */
static bool has_run_its_course(const struct dsb_stream *s)
{
    return s->state == DSB_STREAM_CLOSED && dsb_inbox_is_empty(&s->inbox) &&
           s->inbox.return_due == 0 && s->outbox.ledger.outstanding_cost == 0;
}

void dsb_mux_settle(struct dsb_mux *m, uint32_t slot)
{
    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

    NX_CHECK(s->is_indexed);
    if (has_run_its_course(s)) {
        dsb_mux_end_stream(m, slot, NX_END);
        return;
    }

    bool has_closed = s->state == DSB_STREAM_HALF_CLOSED_LOCAL || s->state == DSB_STREAM_CLOSED;
    s->close_due = s->is_finished && !has_closed && dsb_outbox_is_empty(&s->outbox);
    if (s->open_due || s->ack_due || s->close_due || dsb_inbox_has_update(&s->inbox))
        dsb_streams_enlist(&m->streams, slot, DSB_LIST_CONTROL);
    if (dsb_outbox_can_send(&s->outbox))
        dsb_streams_enlist(&m->streams, slot, DSB_LIST_READY);
    else
        dsb_streams_delist(&m->streams, slot, DSB_LIST_READY);
}

enum nx_status dsb_mux_open(struct dsb_mux *m, struct nx_bytes name, uint8_t priority,
                            bool is_messages, struct dsb_stream_handle *stream)
{
    if (m->state != DSB_MUX_ACTIVE)
        return NX_E_CLOSED;
    if (name.len < 1 || name.len > DSB_STREAM_NAME_MAX || !nx_utf8_is_valid(name) ||
        priority >= DSB_PRIORITY_COUNT)
        return NX_E_INVALID;
    if (m->next_id > UINT32_MAX - 2) { /* ids are never used again */
        m->limit = (struct dsb_mux_limit){"stream ids of the session", UINT32_MAX - 2, m->next_id};
        return NX_E_LIMIT;
    }

    uint32_t slot;
    enum nx_status status = dsb_streams_add(&m->streams, m->next_id, true, name, &slot);
    if (status == NX_E_LIMIT)
        m->limit = dsb_mux_limit_of_streams(m);
    if (status != NX_OK)
        return status;

    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);
    status = dsb_inbox_init(&s->inbox, &m->grants, &m->growth);
    if (status != NX_OK) {
        m->limit = dsb_mux_limit_of_credit(m);
        dsb_streams_unindex(&m->streams, slot);
        dsb_streams_remove(&m->streams, slot);
        return status;
    }

    dsb_outbox_init(&s->outbox, m->streams.pools, is_messages);
    s->priority = priority;
    s->was_offered = true;
    s->read_status = NX_WOULD_BLOCK;
    s->open_due = true;
    m->next_id += 2;
    *stream = dsb_stream_handle_of(slot, s);
    dsb_mux_settle(m, slot);
    return NX_OK;
}

enum nx_status dsb_mux_accept(struct dsb_mux *m, struct dsb_stream_handle stream, bool is_messages,
                              uint8_t priority)
{
    struct dsb_stream *s = dsb_streams_resolve(&m->streams, stream);

    if (s == NULL)
        return NX_E_CLOSED;
    if (s->write_status != NX_OK)
        return s->write_status;
    if (s->is_ours || s->is_accepted)
        return NX_E_STATE;
    if (priority >= DSB_PRIORITY_COUNT)
        return NX_E_INVALID;

    s->is_accepted = true;
    if (s->priority < priority)
        s->priority = priority; /* nothing was pushed, so no list has it under the other one */
    s->outbox.is_messages = is_messages;
    s->ack_due = true;
    dsb_mux_settle(m, stream.slot);
    return NX_OK;
}

/* The stream, if the application may read and write it now. */
static enum nx_status usable(const struct dsb_mux *m, struct dsb_stream_handle stream,
                             struct dsb_stream **s)
{
    *s = dsb_streams_resolve(&m->streams, stream);
    if (*s == NULL || (*s)->is_released)
        return NX_E_CLOSED;
    return (*s)->is_ours || (*s)->is_accepted ? NX_OK : NX_E_STATE;
}

enum nx_status dsb_mux_push(struct dsb_mux *m, struct nx_instant now,
                            struct dsb_stream_handle stream, struct nx_bytes bytes,
                            enum dsb_push push, size_t *taken)
{
    struct dsb_stream *s;
    enum nx_status status = usable(m, stream, &s);

    *taken = 0;
    if (status != NX_OK)
        return status;
    if (s->write_status != NX_OK)
        return s->write_status;
    if (s->is_finished)
        return NX_E_CLOSED;

    status = dsb_outbox_push(&s->outbox, &m->streams.pools->blocks, bytes, push, taken);
    if (status == NX_E_LIMIT)
        m->limit =
            (struct dsb_mux_limit){"bytes of a whole message", s->outbox.queue.limit, bytes.len};
    if (status == NX_WOULD_BLOCK) {
        s->writer_waits = true;
        if (dsb_outbox_is_empty(&s->outbox)) /* nothing of its own will drain and wake it */
            m->starved_until = nx_instant_after(now, nx_milliseconds(STARVED_RETRY_MS));
    }
    dsb_mux_settle(m, stream.slot);
    return status;
}

enum nx_status dsb_mux_peek(struct dsb_mux *m, struct dsb_stream_handle stream,
                            struct nx_bytes *bytes, bool *ends_message)
{
    struct dsb_stream *s;
    enum nx_status status = usable(m, stream, &s);

    if (status != NX_OK)
        return status;
    if (s->end_status != NX_OK)
        return s->read_status;

    status = dsb_inbox_peek(&s->inbox, &m->streams.pools->blocks, bytes, ends_message);
    if (status != NX_WOULD_BLOCK)
        return status;

    dsb_mux_settle(m,
                   stream.slot); /* an empty frame may have been skipped, and its credit is due */
    if (s->state == DSB_STREAM_HALF_CLOSED_REMOTE || s->state == DSB_STREAM_CLOSED)
        return NX_END;
    s->reader_waits = true;
    return NX_WOULD_BLOCK;
}

void dsb_mux_drop(struct dsb_mux *m, struct dsb_stream_handle stream, uint32_t count)
{
    struct dsb_stream *s = dsb_streams_resolve(&m->streams, stream);

    if (s == NULL || s->end_status != NX_OK)
        return; /* what was lent went with the stream */
    dsb_inbox_drop(&s->inbox, &m->streams.pools->blocks, count);
    dsb_mux_settle(m, stream.slot);
}

enum nx_status dsb_mux_finish(struct dsb_mux *m, struct dsb_stream_handle stream)
{
    struct dsb_stream *s;
    enum nx_status status = usable(m, stream, &s);

    if (status != NX_OK)
        return status;
    if (s->write_status != NX_OK)
        return s->write_status;
    if (s->is_finished)
        return NX_E_CLOSED;

    s->is_finished = true;
    dsb_mux_settle(m, stream.slot);
    return NX_OK;
}

enum nx_status dsb_mux_abort(struct dsb_mux *m, struct dsb_stream_handle stream, uint16_t code,
                             const char *why)
{
    struct dsb_stream *s = dsb_streams_resolve(&m->streams, stream);

    if (s == NULL || s->is_released)
        return NX_E_CLOSED;
    if (s->end_status != NX_OK)
        return s->write_status;

    s->reset_code = code;
    set_why(&s->why, why);
    s->reset_due = !s->open_due; /* what the peer never heard of needs no end */
    if (s->reset_due)
        dsb_streams_enlist(&m->streams, stream.slot, DSB_LIST_CONTROL);
    NX_CHECK(dsb_stream_enter(&s->state, DSB_STREAM_SEND_RESET) == NX_OK);
    dsb_mux_end_stream(m, stream.slot, NX_E_ABORTED);
    return NX_OK;
}

void dsb_mux_release(struct dsb_mux *m, struct dsb_stream_handle stream)
{
    struct dsb_stream *s = dsb_streams_resolve(&m->streams, stream);

    if (s == NULL || s->is_released)
        return;

    bool peer_finished = s->state == DSB_STREAM_HALF_CLOSED_REMOTE || s->state == DSB_STREAM_CLOSED;
    bool only_confirmation_is_left =
        s->is_finished && peer_finished && dsb_inbox_is_empty(&s->inbox);

    if (s->end_status == NX_OK && !only_confirmation_is_left)
        NX_CHECK(dsb_mux_abort(m, stream, DSB_RST_CANCELLED, "the application let go of it") ==
                 NX_OK);
    s->is_released = true;
    dsb_mux_free_stream(m, stream.slot);
}

const struct dsb_stream *dsb_mux_stream(const struct dsb_mux *m, struct dsb_stream_handle stream)
{
    return dsb_streams_resolve(&m->streams, stream);
}
