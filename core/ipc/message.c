#include "core/ipc/message.h"

#include "core/base/memory.h"

enum {
    FLAG_ENDS_MESSAGE = 0x01,
};

/* What heads of each kind have besides operation and call. */
struct shape {
    enum nx_ipc_kind kind;
    bool has_deadline;
    bool has_status;
    uint8_t flags_allowed;
    bool has_body; /* and then blobs, too */
};

static const struct shape shapes[] = {
    {NX_IPC_CALL, true, false, 0, true},
    {NX_IPC_REPLY, false, true, 0, true},
    {NX_IPC_NEWS, false, false, 0, true},
    {NX_IPC_CANCEL, false, false, 0, false},
    {NX_IPC_STREAM, false, false, FLAG_ENDS_MESSAGE, true},
};

static const struct shape *shape_of(uint32_t kind)
{
    for (size_t i = 0; i < NX_COUNT_OF(shapes); i++) {
        if ((uint32_t)shapes[i].kind == kind)
            return &shapes[i];
    }
    return NULL;
}

/* What must hold between fields, whichever side they come from. */
static bool fields_hold(const struct shape *shape, uint16_t operation, uint32_t call_id,
                        uint32_t deadline_ms, int32_t status, uint8_t flags, uint8_t blob_count,
                        size_t body_len)
{
    if (operation == 0 || call_id == 0)
        return false;
    if (deadline_ms != 0 && !shape->has_deadline)
        return false;
    /* What belongs to a conversation (would-block, end) is no answer to a call. */
    if (status != NX_OK && (!shape->has_status || status > 0 || !nx_status_is_known(status)))
        return false;
    if ((flags & ~shape->flags_allowed) != 0)
        return false;
    if (blob_count > NX_IPC_BLOBS_MAX)
        return false;
    return (body_len == 0 && blob_count == 0) || shape->has_body;
}

enum nx_status nx_ipc_message_decode(struct nx_bytes datagram, struct nx_ipc_message *message)
{
    struct nx_reader r = nx_reader_over(datagram);
    uint8_t version = nx_read_u8(&r);
    uint8_t kind = nx_read_u8(&r);
    uint16_t operation = nx_read_u16le(&r);
    uint32_t call_id = nx_read_u32le(&r);
    uint32_t deadline_ms = nx_read_u32le(&r);
    int32_t status = (int32_t)nx_read_u32le(&r);
    uint32_t body_len = nx_read_u32le(&r);
    uint8_t flags = nx_read_u8(&r);
    uint8_t blob_count = nx_read_u8(&r);
    uint16_t zero = nx_read_u16le(&r);

    if (r.short_read)
        return NX_E_MALFORMED;
    if (version != NX_IPC_VERSION)
        return NX_E_VERSION;
    if (body_len > NX_IPC_BODY_MAX)
        return NX_E_LIMIT;

    const struct shape *shape = shape_of(kind);
    if (shape == NULL || zero != 0 || r.rest.len != body_len)
        return NX_E_MALFORMED;
    if (!fields_hold(shape, operation, call_id, deadline_ms, status, flags, blob_count, body_len))
        return NX_E_MALFORMED;

    *message = (struct nx_ipc_message){
        .head =
            {
                .kind = shape->kind,
                .operation = operation,
                .call_id = call_id,
                .deadline_ms = deadline_ms,
                .status = (enum nx_status)status,
                .ends_message = (flags & FLAG_ENDS_MESSAGE) != 0,
                .blob_count = blob_count,
            },
        .body = r.rest,
    };
    return NX_OK;
}

enum nx_status nx_ipc_head_encode(const struct nx_ipc_head *head, size_t body_len,
                                  uint8_t out[NX_IPC_HEAD_LEN])
{
    const struct shape *shape = shape_of((uint32_t)head->kind);
    uint8_t flags = head->ends_message ? FLAG_ENDS_MESSAGE : 0;

    if (body_len > NX_IPC_BODY_MAX)
        return NX_E_LIMIT;
    if (shape == NULL || !fields_hold(shape, head->operation, head->call_id, head->deadline_ms,
                                      (int32_t)head->status, flags, head->blob_count, body_len))
        return NX_E_INVALID;

    struct nx_writer w = nx_writer_over(out, NX_IPC_HEAD_LEN);
    nx_write_u8(&w, NX_IPC_VERSION);
    nx_write_u8(&w, (uint8_t)head->kind);
    nx_write_u16le(&w, head->operation);
    nx_write_u32le(&w, head->call_id);
    nx_write_u32le(&w, head->deadline_ms);
    nx_write_u32le(&w, (uint32_t)head->status);
    nx_write_u32le(&w, (uint32_t)body_len);
    nx_write_u8(&w, flags);
    nx_write_u8(&w, head->blob_count);
    nx_write_u16le(&w, 0);
    NX_CHECK(w.len == NX_IPC_HEAD_LEN);
    return NX_OK;
}
