#include "core/bus/inbox.h"

#include "core/wire/frame.h"

/* A part's head: its length, shifted, and whether it ends a message. */
static void encode_part_head(uint8_t head[DSB_PART_HEAD_LEN], uint32_t len, bool ends_message)
{
    struct nx_writer w = nx_writer_over(head, DSB_PART_HEAD_LEN);

    nx_write_u32le(&w, len << 1 | ends_message);
}

enum nx_status dsb_inbox_init(struct dsb_inbox *in, struct nx_budget *session_grants,
                              struct nx_budget *session_growth)
{
    struct dsb_inbox fresh = {.growth = session_growth, .credit = DSB_CREDIT_INITIAL};

    nx_chain_init(&fresh.chain);
    nx_budget_init(&fresh.grant, DSB_CREDIT_STREAM_MAX, session_grants);
    if (nx_budget_reserve(&fresh.grant, DSB_CREDIT_INITIAL) != NX_OK)
        return NX_E_LIMIT;
    *in = fresh;
    return NX_OK;
}

void dsb_inbox_wipe(struct dsb_inbox *in, struct nx_pool *blocks)
{
    nx_chain_clear(&in->chain, blocks);
    if (in->grant.used > DSB_CREDIT_INITIAL)
        nx_budget_release(in->growth, in->grant.used - DSB_CREDIT_INITIAL);
    nx_budget_release(&in->grant, in->grant.used);
    in->in_part = false;
    in->part_left = 0;
    in->credit = 0;
    in->return_due = 0;
    in->growth_due = 0;
}

enum nx_status dsb_inbox_put(struct dsb_inbox *in, struct nx_pool *blocks, struct nx_bytes payload,
                             bool ends_message)
{
    uint32_t cost = dsb_frame_cost((uint32_t)payload.len);
    uint8_t head[DSB_PART_HEAD_LEN];

    if (cost > in->credit)
        return NX_E_LIMIT;
    if (!nx_chain_has_room(&in->chain, blocks, sizeof(head) + payload.len))
        return NX_E_NO_MEMORY;

    encode_part_head(head, (uint32_t)payload.len, ends_message);
    NX_CHECK(nx_chain_push(&in->chain, blocks, nx_bytes_of(head, sizeof(head))) == NX_OK);
    NX_CHECK(nx_chain_push(&in->chain, blocks, payload) == NX_OK);
    in->credit -= cost;
    return NX_OK;
}

/* The reader consumed a window's worth and waits for more: let the peer send twice as much, if the
 * budgets have it. */
static void grow(struct dsb_inbox *in)
{
    uint32_t window = (uint32_t)in->grant.used;
    uint32_t more = window <= DSB_CREDIT_STREAM_MAX / 2 ? window : DSB_CREDIT_STREAM_MAX - window;

    if (more == 0 || in->consumed < window)
        return;
    in->consumed = 0;
    if (nx_budget_reserve(in->growth, more) != NX_OK)
        return;
    if (nx_budget_reserve(&in->grant, more) != NX_OK) {
        nx_budget_release(in->growth, more);
        return;
    }
    in->growth_due += more;
}

static void end_part(struct dsb_inbox *in)
{
    uint32_t cost = dsb_frame_cost(in->part_len);

    in->return_due += cost - in->part_len; /* its bytes were counted as they went */
    in->consumed = in->consumed > DSB_CREDIT_STREAM_MAX ? in->consumed : in->consumed + cost;
    in->in_part = false;
    if (dsb_inbox_is_empty(in))
        grow(in);
}

static void begin_part(struct dsb_inbox *in, struct nx_pool *blocks)
{
    uint8_t head[DSB_PART_HEAD_LEN];

    nx_chain_pull(&in->chain, blocks, head, sizeof(head));
    struct nx_reader r = nx_reader_over(nx_bytes_of(head, sizeof(head)));
    uint32_t value = nx_read_u32le(&r);

    in->in_part = true;
    in->part_len = value >> 1;
    in->part_left = in->part_len;
    in->part_ends_message = (value & 1) != 0;
}

enum nx_status dsb_inbox_peek(struct dsb_inbox *in, struct nx_pool *blocks, struct nx_bytes *bytes,
                              bool *ends_message)
{
    /* An empty frame that ends nothing says nothing: its credit goes back and it is skipped. */
    while (!in->in_part && in->chain.len > 0) {
        begin_part(in, blocks);
        if (in->part_left == 0 && !in->part_ends_message)
            end_part(in);
    }
    if (!in->in_part)
        return NX_WOULD_BLOCK;

    struct nx_bytes front = nx_chain_peek(&in->chain, blocks);
    if (front.len > in->part_left)
        front.len = in->part_left;
    *bytes = front;
    *ends_message = in->part_ends_message && front.len == in->part_left;
    return NX_OK;
}

void dsb_inbox_drop(struct dsb_inbox *in, struct nx_pool *blocks, uint32_t count)
{
    NX_CHECK(in->in_part && count <= in->part_left);

    nx_chain_drop(&in->chain, blocks, count);
    in->part_left -= count;
    in->return_due += count;
    if (in->part_left == 0)
        end_part(in);
}

bool dsb_inbox_is_empty(const struct dsb_inbox *in)
{
    return !in->in_part && in->chain.len == 0;
}

bool dsb_inbox_has_update(const struct dsb_inbox *in)
{
    if (in->growth_due > 0)
        return true;
    if (in->return_due == 0)
        return false;
    return dsb_inbox_is_empty(in) || in->return_due >= in->grant.used / 4;
}

uint32_t dsb_inbox_take_return(struct dsb_inbox *in)
{
    uint32_t increment = in->return_due;

    in->credit += increment;
    in->return_due = 0;
    return increment;
}

uint32_t dsb_inbox_take_growth(struct dsb_inbox *in)
{
    uint32_t increment = in->growth_due;

    in->credit += increment;
    in->growth_due = 0;
    return increment;
}
