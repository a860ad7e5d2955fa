/* Frames that leave: control first, then data by priority, as many as there is room for. */
#include "core/bus/mux_internal.h"

/* Append `frame`, and say whether it fitted. */
static bool put(struct nx_writer *out, const struct dsb_frame *frame)
{
    enum nx_status status = dsb_frame_encode(frame, out);

    NX_CHECK(status == NX_OK || status == NX_WOULD_BLOCK);
    return status == NX_OK;
}

static bool put_goaway(struct dsb_mux *m, struct nx_writer *out)
{
    const char *why = m->end_label != NULL ? m->end_label : m->end_why.text;
    const struct dsb_frame goaway = {.kind = DSB_FRAME_GOAWAY,
                                     .last_stream_id = m->last_served_id,
                                     .code = m->end_code,
                                     .body = nx_bytes_of_text(why)};

    if (m->goaway_due && !put(out, &goaway))
        return false;
    m->goaway_due = false;
    return true;
}

static bool ping_is_due(const struct dsb_mux *m)
{
    return m->keepalive.probe_due || m->ping_state == DSB_MUX_PING_DUE;
}

static bool put_ping(struct dsb_mux *m, struct nx_writer *out)
{
    uint8_t payload[DSB_PING_LEN];
    struct nx_writer w = nx_writer_over(payload, sizeof(payload));
    const struct dsb_frame ping = {.kind = DSB_FRAME_PING, .body = nx_bytes_of(payload, 8)};

    if (!ping_is_due(m))
        return true;
    nx_write_u64le(&w, m->ping_count + 1);
    if (!put(out, &ping))
        return false;
    m->ping_count++;
    (void)dsb_keepalive_output(&m->keepalive); /* one PING asks for both */
    if (m->ping_state == DSB_MUX_PING_DUE) {
        m->ping_state = DSB_MUX_PING_SENT;
        m->ping_number = m->ping_count;
    }
    return true;
}

static bool put_pong(struct dsb_mux *m, struct nx_writer *out)
{
    const struct dsb_frame pong = {.kind = DSB_FRAME_PONG,
                                   .body = nx_bytes_of(m->pong, DSB_PING_LEN)};

    if (m->pong_due && !put(out, &pong))
        return false;
    m->pong_due = false;
    return true;
}

static bool put_refusals(struct dsb_mux *m, struct nx_writer *out)
{
    uint8_t sent = 0;

    while (sent < m->refusal_count) {
        const struct dsb_mux_refusal *refusal = &m->refusals[sent];
        struct nx_why why;

        if (refusal->limit == 0)
            nx_why_set(&why, refusal->text);
        else
            nx_why_limit(&why, refusal->text, refusal->limit, refusal->asked);
        const struct dsb_frame rst = {.kind = DSB_FRAME_RST,
                                      .stream_id = refusal->stream_id,
                                      .code = refusal->code,
                                      .body = nx_bytes_of_text(why.text)};

        if (!put(out, &rst))
            break;
        sent++;
    }
    for (uint8_t i = sent; i < m->refusal_count; i++)
        m->refusals[i - sent] = m->refusals[i];
    m->refusal_count = (uint8_t)(m->refusal_count - sent);
    return m->refusal_count == 0;
}

static bool put_window_update(struct dsb_stream *s, uint32_t increment, bool grows,
                              struct nx_writer *out)
{
    const struct dsb_frame update = {.kind = DSB_FRAME_WINDOW_UPDATE,
                                     .stream_id = s->id,
                                     .window = increment,
                                     .grows_window = grows};

    return increment == 0 || put(out, &update);
}

static bool put_reset(struct dsb_stream *s, struct nx_writer *out)
{
    const struct dsb_frame rst = {.kind = DSB_FRAME_RST,
                                  .stream_id = s->id,
                                  .code = s->reset_code,
                                  .body = nx_bytes_of_text(s->why.text)};

    if (s->reset_due && !put(out, &rst))
        return false;
    s->reset_due = false;
    return true;
}

/* Everything but data that one stream has to say. The window in OPEN and OPEN_ACK is the initial
 * one; growth comes by WINDOW_UPDATE. What was consumed goes back with whatever else there is to say,
 * and an update that was due stays so when more DATA has come. False: the room is used up. */
static bool put_control(struct dsb_stream *s, struct nx_writer *out)
{
    const struct dsb_frame open = {.kind = DSB_FRAME_OPEN,
                                   .stream_id = s->id,
                                   .window = DSB_CREDIT_INITIAL,
                                   .priority = s->priority,
                                   .body = nx_bytes_of(s->name, s->name_len)};
    const struct dsb_frame ack = {
        .kind = DSB_FRAME_OPEN_ACK, .stream_id = s->id, .window = DSB_CREDIT_INITIAL};
    const struct dsb_frame close = {.kind = DSB_FRAME_CLOSE, .stream_id = s->id};

    if (s->open_due && !put(out, &open))
        return false;
    s->open_due = false;
    if (s->ack_due && !put(out, &ack))
        return false;
    s->ack_due = false;
    if (!put_window_update(s, s->inbox.return_due, false, out))
        return false;
    dsb_inbox_take_return(&s->inbox);
    if (!put_window_update(s, s->inbox.growth_due, true, out))
        return false;
    dsb_inbox_take_growth(&s->inbox);
    if (s->close_due) {
        if (!put(out, &close))
            return false;
        s->close_due = false;
        NX_CHECK(dsb_stream_enter(&s->state, DSB_STREAM_SEND_CLOSE) == NX_OK);
    }
    return put_reset(s, out);
}

static bool put_all_control(struct dsb_mux *m, struct nx_writer *out)
{
    while (m->streams.control.first != DSB_SLOT_NONE) {
        uint32_t slot = m->streams.control.first;

        if (!put_control(dsb_streams_at(&m->streams, slot), out))
            return false;
        dsb_streams_delist(&m->streams, slot, DSB_LIST_CONTROL);
        if (dsb_streams_at(&m->streams, slot)->is_indexed)
            dsb_mux_settle(m, slot);
        else
            dsb_mux_free_stream(m, slot);
    }
    return true;
}

static uint8_t ready_priorities(const struct dsb_mux *m)
{
    uint8_t ready = 0;

    for (unsigned i = 0; i < DSB_PRIORITY_COUNT; i++)
        ready |= (uint8_t)((m->streams.ready[i].first != DSB_SLOT_NONE) << i);
    return ready;
}

static void wake_writer(struct dsb_mux *m, uint32_t slot)
{
    struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

    if (!s->writer_waits)
        return;
    /* Half the queue free before the application is woken: one wake-up for many frames. */
    if (dsb_outbox_room(&s->outbox) >= s->outbox.queue.limit / 2) {
        s->writer_waits = false;
        dsb_mux_tell(m, slot, DSB_MUX_WRITABLE);
    } else if (dsb_outbox_is_empty(&s->outbox)) {
        m->starved_until = (struct nx_instant){0}; /* others fill the node: the next tick looks */
    }
}

static void put_data(struct dsb_mux *m, struct nx_writer *out)
{
    for (uint8_t ready; (ready = ready_priorities(m)) != 0;) {
        uint8_t priority = dsb_scheduler_pick(&m->scheduler, ready);
        uint32_t slot = m->streams.ready[priority].first;
        struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

        if (!dsb_outbox_write(&s->outbox, &m->streams.pools->blocks, s->id, out))
            return;
        dsb_scheduler_sent(&m->scheduler, priority, ready);
        dsb_streams_delist(&m->streams, slot,
                           DSB_LIST_READY); /* streams of one priority take turns */
        wake_writer(m, slot);
        dsb_mux_settle(m, slot);
    }
}

bool dsb_mux_output(struct dsb_mux *m, struct nx_writer *out)
{
    size_t before = out->len;

    if (!put_goaway(m, out) || m->state == DSB_MUX_OVER)
        return out->len > before;
    if (put_pong(m, out) && put_ping(m, out) && put_refusals(m, out) && put_all_control(m, out)) {
        put_data(m, out);
        (void)put_all_control(m, out); /* CLOSE behind the last byte, in the same record */
    }
    dsb_mux_end_when_drained(m);
    return out->len > before;
}

bool dsb_mux_has_output(const struct dsb_mux *m)
{
    if (m->goaway_due)
        return true;
    return m->state != DSB_MUX_OVER &&
           (m->pong_due || ping_is_due(m) || m->refusal_count > 0 ||
            m->streams.control.first != DSB_SLOT_NONE || ready_priorities(m) != 0);
}
