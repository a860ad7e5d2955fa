/* Any datagram: what is taken for a message is made again byte for byte, and one byte more or less is
 * no message. */
#include "core/base/memory.h"
#include "core/ipc/message.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t longer[NX_IPC_MESSAGE_MAX + 1];
    uint8_t head[NX_IPC_HEAD_LEN];
    struct nx_ipc_message message;

    if (nx_ipc_message_decode(nx_bytes_of(data, size), &message) != NX_OK)
        return 0;
    NX_CHECK(size <= NX_IPC_MESSAGE_MAX && message.body.len == size - NX_IPC_HEAD_LEN);
    NX_CHECK(message.body.ptr == data + NX_IPC_HEAD_LEN);
    NX_CHECK(nx_ipc_head_encode(&message.head, message.body.len, head) == NX_OK);
    NX_CHECK(memcmp(head, data, sizeof(head)) == 0);

    memcpy(longer, data, size);
    NX_CHECK(nx_ipc_message_decode(nx_bytes_of(longer, size - 1), &message) == NX_E_MALFORMED);
    NX_CHECK(nx_ipc_message_decode(nx_bytes_of(longer, size + 1), &message) == NX_E_MALFORMED);
    return 0;
}
