#include "core/bus/outbox.h"

#include "core/wire/frame.h"

enum {
    /* A large part is cut to fit the rest of a record only where that is worth a frame head. */
    CUT_WORTH_LEN = 1024,
};

void dsb_outbox_init(struct dsb_outbox *out, struct dsb_pools *pools, bool is_messages)
{
    *out = (struct dsb_outbox){.credit = DSB_CREDIT_INITIAL, .is_messages = is_messages};
    nx_chain_init(&out->chain);
    nx_budget_init(&out->queue, pools->profile->stream_queue_max, &pools->queues);
    dsb_ledger_init(&out->ledger);
}

void dsb_outbox_wipe(struct dsb_outbox *out, struct nx_pool *blocks)
{
    nx_chain_clear(&out->chain, blocks);
    nx_budget_release(&out->queue, out->queue.used);
    out->in_part = false;
    out->part_left = 0;
}

uint32_t dsb_outbox_room(const struct dsb_outbox *out)
{
    uint64_t left = nx_budget_left(&out->queue); /* at most a profile's 32 bits */

    return out->is_messages && left < DSB_CREDIT_FRAME_MIN ? 0 : (uint32_t)left;
}

/* What a part takes of the queue's budget: as much as it will of credit, for the same reason. */
static uint32_t charge_of(const struct dsb_outbox *out, uint32_t len)
{
    return out->is_messages ? dsb_frame_cost(len) : len;
}

enum nx_status dsb_outbox_push(struct dsb_outbox *out, struct nx_pool *blocks,
                               struct nx_bytes bytes, enum dsb_push push, size_t *taken)
{
    uint32_t room = dsb_outbox_room(out);
    bool all = bytes.len <= room;
    uint32_t len = all ? (uint32_t)bytes.len : room;
    bool ends = out->is_messages && push != DSB_PUSH_PART && all;

    *taken = 0;
    if (push == DSB_PUSH_WHOLE && bytes.len > out->queue.limit)
        return NX_E_LIMIT;
    if (bytes.len == 0 && (push == DSB_PUSH_PART || !out->is_messages))
        return NX_OK;
    if (room == 0 || (push == DSB_PUSH_WHOLE && !all))
        return NX_WOULD_BLOCK;

    size_t head_len = out->is_messages ? DSB_PART_HEAD_LEN : 0;
    if (!nx_chain_has_room(&out->chain, blocks, head_len + len))
        return NX_WOULD_BLOCK;
    NX_CHECK(nx_budget_reserve(&out->queue, charge_of(out, len)) == NX_OK); /* there was room */

    if (out->is_messages) {
        uint8_t head[DSB_PART_HEAD_LEN];
        struct nx_writer w = nx_writer_over(head, sizeof(head));

        nx_write_u32le(&w, len << 1 | ends);
        NX_CHECK(nx_chain_push(&out->chain, blocks, nx_writer_bytes(&w)) == NX_OK);
    }
    NX_CHECK(nx_chain_push(&out->chain, blocks, nx_bytes_of(bytes.ptr, len)) == NX_OK);
    dsb_ledger_accept(&out->ledger, len, ends);
    *taken = len;
    return NX_OK;
}

bool dsb_outbox_is_empty(const struct dsb_outbox *out)
{
    return !out->in_part && out->chain.len == 0;
}

bool dsb_outbox_can_send(const struct dsb_outbox *out)
{
    return !dsb_outbox_is_empty(out) && out->credit >= DSB_CREDIT_FRAME_MIN;
}

static void begin_part(struct dsb_outbox *out, struct nx_pool *blocks)
{
    if (!out->is_messages) {
        out->part_len = out->chain.len; /* the bytes there are now */
        out->part_ends_message = false;
    } else {
        uint8_t head[DSB_PART_HEAD_LEN];

        nx_chain_pull(&out->chain, blocks, head, sizeof(head));
        struct nx_reader r = nx_reader_over(nx_bytes_of(head, sizeof(head)));
        uint32_t value = nx_read_u32le(&r);

        out->part_len = value >> 1;
        out->part_ends_message = (value & 1) != 0;
    }
    out->part_left = out->part_len;
    out->in_part = true;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

bool dsb_outbox_write(struct dsb_outbox *out, struct nx_pool *blocks, uint32_t stream_id,
                      struct nx_writer *writer)
{
    NX_CHECK(dsb_outbox_can_send(out));
    if (!out->in_part)
        begin_part(out, blocks);

    uint32_t len = min_u32(min_u32(out->part_left, DSB_FRAME_PAYLOAD_MAX), out->credit);
    size_t room = nx_writer_room(writer);
    if (room < DSB_FRAME_HEAD_LEN + (size_t)min_u32(len, CUT_WORTH_LEN))
        return false;
    if (len > room - DSB_FRAME_HEAD_LEN)
        len = (uint32_t)(room - DSB_FRAME_HEAD_LEN);

    bool ends = out->part_ends_message && len == out->part_left;
    uint8_t *payload = dsb_frame_encode_data(stream_id, len, ends, writer);

    NX_CHECK(payload != NULL);
    nx_chain_pull(&out->chain, blocks, payload, len);
    out->credit -= dsb_frame_cost(len);
    dsb_ledger_sent(&out->ledger, dsb_frame_cost(len), len, ends);

    out->part_left -= len;
    uint32_t charge = len;
    if (out->part_left == 0) {
        out->in_part = false;
        charge += charge_of(out, out->part_len) - out->part_len;
    }
    nx_budget_release(&out->queue, charge);
    return true;
}
