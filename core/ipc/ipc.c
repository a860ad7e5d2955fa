#include "core/ipc/ipc.h"

enum nx_status nx_ipc_accept(const struct nx_ipc *ipc, struct nx_handle *client,
                             struct nx_ipc_sender *sender)
{
    return ipc->driver->accept(ipc->self, client, sender);
}

enum nx_status nx_ipc_send(const struct nx_ipc *ipc, struct nx_handle client,
                           const struct nx_ipc_head *head, const struct nx_bytes *body,
                           size_t part_count)
{
    uint8_t head_bytes[NX_IPC_HEAD_LEN];
    struct nx_bytes parts[1 + NX_IPC_PARTS_MAX];
    size_t body_len = 0;

    if (part_count > NX_IPC_PARTS_MAX)
        return NX_E_INVALID;
    for (size_t i = 0; i < part_count; i++) {
        if (body[i].len > NX_IPC_BODY_MAX - body_len)
            return NX_E_LIMIT;
        body_len += body[i].len;
        parts[1 + i] = body[i];
    }

    enum nx_status status = nx_ipc_head_encode(head, body_len, head_bytes);
    if (status != NX_OK)
        return status;
    parts[0] = nx_bytes_of(head_bytes, sizeof(head_bytes));
    return ipc->driver->send(ipc->self, client, parts, 1 + part_count);
}

enum nx_status nx_ipc_receive(const struct nx_ipc *ipc, struct nx_handle client,
                              uint8_t room[NX_IPC_MESSAGE_MAX], struct nx_ipc_message *message)
{
    size_t len = 0;
    enum nx_status status = ipc->driver->receive(ipc->self, client, room, &len);

    if (status != NX_OK)
        return status;
    NX_CHECK(len <= NX_IPC_MESSAGE_MAX);
    return nx_ipc_message_decode(nx_bytes_of(room, len), message);
}

enum nx_status nx_ipc_take_blob(const struct nx_ipc *ipc, struct nx_handle client, uint32_t index,
                                uint64_t announced_len, struct nx_ipc_blob *blob)
{
    if (ipc->driver->take_blob == NULL)
        return NX_E_UNSUPPORTED;
    return ipc->driver->take_blob(ipc->self, client, index, announced_len, blob);
}

void nx_ipc_drop_blob(const struct nx_ipc *ipc, struct nx_handle client, struct nx_handle blob)
{
    if (ipc->driver->drop_blob != NULL)
        ipc->driver->drop_blob(ipc->self, client, blob);
}

void nx_ipc_close(const struct nx_ipc *ipc, struct nx_handle client)
{
    ipc->driver->close(ipc->self, client);
}

bool nx_ipc_event(const struct nx_ipc *ipc, struct nx_ipc_event *event)
{
    return ipc->driver->event(ipc->self, event);
}
