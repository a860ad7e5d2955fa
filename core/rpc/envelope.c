#include "core/rpc/envelope.h"

#include "core/base/text.h"
#include "schemas/rpc.capnp.h"

enum {
    SEGMENTS_MAX = 4,
};

/* Words of an envelope besides its body: the table, the root pointer, the union, the longer of the two
 * structs, and the longest sentence with its end. */
_Static_assert(DSB_RPC_HEAD_MAX >=
                   8 * (1 + 1 + (RPC_ENVELOPE_DATA_WORDS + RPC_ENVELOPE_POINTER_COUNT) +
                        (RPC_REPLY_DATA_WORDS + RPC_REPLY_POINTER_COUNT) +
                        (NX_WHY_MAX + 1 + 7) / 8),
               "a reply fits");
_Static_assert(DSB_RPC_HEAD_MAX >=
                   8 * (1 + 1 + (RPC_ENVELOPE_DATA_WORDS + RPC_ENVELOPE_POINTER_COUNT) +
                        (RPC_REQUEST_DATA_WORDS + RPC_REQUEST_POINTER_COUNT)),
               "a request fits");

/* What must hold between fields, whichever side they come from. */
static bool fields_hold(const struct dsb_rpc_message *m)
{
    if (m->call_id == 0)
        return false;
    switch (m->kind) {
    case DSB_RPC_REQUEST:
        return m->deadline_ms >= 1 && m->deadline_ms <= DSB_RPC_DEADLINE_MAX_MS &&
               m->reply_max <= DSB_RPC_BODY_MAX;
    case DSB_RPC_REPLY: /* what belongs to a conversation (would-block, end) is no answer to a call */
        return m->status <= 0 && nx_status_is_known(m->status);
    case DSB_RPC_CANCEL:
        return true;
    case DSB_RPC_FOREIGN:
        break;
    }
    return false;
}

/* ---- decoding -------------------------------------------------------------------------------- */

static void read_request(struct rpc_request_reader r, struct dsb_rpc_message *m)
{
    uint32_t reply_max = rpc_request_get_reply_max(r);

    m->kind = DSB_RPC_REQUEST;
    m->call_id = rpc_request_get_call_id(r);
    m->method = rpc_request_get_method(r);
    m->deadline_ms = rpc_request_get_deadline_ms(r);
    m->reply_max = reply_max < DSB_RPC_BODY_MAX ? reply_max : DSB_RPC_BODY_MAX;
    m->body = rpc_request_get_body(r);
}

/* False: its sentence is too long. */
static bool read_reply(struct rpc_reply_reader r, struct dsb_rpc_message *m)
{
    int32_t status = rpc_reply_get_status(r);
    struct nx_bytes why = rpc_reply_get_why(r);

    m->kind = DSB_RPC_REPLY;
    m->call_id = rpc_reply_get_call_id(r);
    m->status = status < 0 && !nx_status_is_known(status) ? NX_E_VERSION : (enum nx_status)status;
    if (m->status == NX_OK)
        m->body = rpc_reply_get_body(r);
    else if (why.len <= NX_WHY_MAX)
        nx_text_for_show(why, m->why.text, sizeof(m->why.text));
    return why.len <= NX_WHY_MAX;
}

enum nx_status dsb_rpc_decode(struct nx_bytes bytes, struct dsb_rpc_message *message)
{
    struct nx_capn_segment table[SEGMENTS_MAX];
    struct nx_capn_message capn;
    struct dsb_rpc_message m = {.kind = DSB_RPC_FOREIGN};
    bool is_good = true;

    if (bytes.len > DSB_RPC_MESSAGE_MAX)
        return NX_E_LIMIT;
    if (nx_capn_message_open(&capn, &nx_capn_limits_default, bytes, table, SEGMENTS_MAX) != NX_OK)
        return NX_E_MALFORMED;

    struct rpc_envelope_reader envelope = rpc_envelope_root(&capn);
    switch (rpc_envelope_which(envelope)) {
    case RPC_ENVELOPE_WHICH_REQUEST:
        read_request(rpc_envelope_get_request(envelope), &m);
        break;
    case RPC_ENVELOPE_WHICH_REPLY:
        is_good = read_reply(rpc_envelope_get_reply(envelope), &m);
        break;
    case RPC_ENVELOPE_WHICH_CANCEL:
        m.kind = DSB_RPC_CANCEL;
        m.call_id = rpc_cancel_get_call_id(rpc_envelope_get_cancel(envelope));
        break;
    }
    if (capn.status != NX_OK || !is_good || (m.kind != DSB_RPC_FOREIGN && !fields_hold(&m)))
        return NX_E_MALFORMED;
    if (m.body.len > DSB_RPC_BODY_MAX)
        return NX_E_LIMIT;
    *message = m;
    return NX_OK;
}

/* ---- encoding -------------------------------------------------------------------------------- */

static void write_request(struct rpc_request_builder r, const struct dsb_rpc_message *m)
{
    rpc_request_set_call_id(r, m->call_id);
    rpc_request_set_method(r, m->method);
    rpc_request_set_deadline_ms(r, m->deadline_ms);
    rpc_request_set_reply_max(r, m->reply_max);
    if (m->body.len > 0)
        rpc_request_set_body(r, m->body);
}

static void write_reply(struct rpc_reply_builder r, const struct dsb_rpc_message *m)
{
    rpc_reply_set_call_id(r, m->call_id);
    rpc_reply_set_status(r, m->status);
    if (m->status != NX_OK && m->why.text[0] != '\0')
        rpc_reply_set_why(r, nx_bytes_of_text(m->why.text));
    if (m->status == NX_OK && m->body.len > 0)
        rpc_reply_set_body(r, m->body);
}

enum nx_status dsb_rpc_encode(const struct dsb_rpc_message *message, void *memory, size_t cap,
                              struct nx_bytes *bytes)
{
    struct nx_capn_builder b;

    if (message->body.len > DSB_RPC_BODY_MAX)
        return NX_E_LIMIT;
    if (!fields_hold(message))
        return NX_E_INVALID;

    nx_capn_builder_init_frame(&b, memory, cap);
    struct rpc_envelope_builder envelope = rpc_envelope_new_root(&b);
    switch (message->kind) {
    case DSB_RPC_REQUEST:
        write_request(rpc_envelope_init_request(envelope), message);
        break;
    case DSB_RPC_REPLY:
        write_reply(rpc_envelope_init_reply(envelope), message);
        break;
    case DSB_RPC_CANCEL:
        rpc_cancel_set_call_id(rpc_envelope_init_cancel(envelope), message->call_id);
        break;
    case DSB_RPC_FOREIGN:
        break;
    }
    return nx_capn_builder_finish(&b, bytes) == NX_OK ? NX_OK : NX_E_NO_SPACE;
}
