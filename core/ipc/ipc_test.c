#include "core/ipc/ipc.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

/* A driver that answers what it is told to, and keeps what it was given. */
struct puppet {
    enum nx_status status;
    uint32_t asked_count;
    struct nx_bytes sent; /* in `sent_bytes` */
    struct nx_bytes to_receive;
    struct nx_handle closed;
};

static uint8_t sent_bytes[NX_IPC_MESSAGE_MAX];

static enum nx_status puppet_accept(void *self, struct nx_handle *client,
                                    struct nx_ipc_sender *sender)
{
    struct puppet *p = self;

    p->asked_count++;
    *client = (struct nx_handle){7};
    *sender = (struct nx_ipc_sender){.uid = 1000, .pid = 99};
    return p->status;
}

static enum nx_status puppet_send(void *self, struct nx_handle client, const struct nx_bytes *parts,
                                  size_t part_count)
{
    struct puppet *p = self;
    struct nx_writer w = nx_writer_over(sent_bytes, sizeof(sent_bytes));

    (void)client;
    p->asked_count++;
    for (size_t i = 0; i < part_count; i++)
        nx_write_bytes(&w, parts[i]);
    EXPECT(!w.overflow);
    p->sent = nx_writer_bytes(&w);
    return p->status;
}

static enum nx_status puppet_receive(void *self, struct nx_handle client, uint8_t *room,
                                     size_t *len)
{
    struct puppet *p = self;

    (void)client;
    p->asked_count++;
    if (p->to_receive.len > 0)
        memcpy(room, p->to_receive.ptr, p->to_receive.len);
    *len = p->to_receive.len;
    return p->status;
}

static void puppet_close(void *self, struct nx_handle client)
{
    ((struct puppet *)self)->closed = client;
}

static bool puppet_event(void *self, struct nx_ipc_event *event)
{
    *event = (struct nx_ipc_event){.client = {7}, .kind = NX_IPC_GONE};
    return ((struct puppet *)self)->asked_count > 0;
}

static const struct nx_ipc_driver puppet_driver = {
    .accept = puppet_accept,
    .send = puppet_send,
    .receive = puppet_receive,
    .close = puppet_close,
    .event = puppet_event,
};

static struct puppet puppet;
static const struct nx_ipc ipc = {&puppet_driver, &puppet};
static const struct nx_handle client = {7};
static uint8_t big[NX_IPC_BODY_MAX + 1];
static uint8_t room[NX_IPC_MESSAGE_MAX];

static const struct nx_ipc_head news = {.kind = NX_IPC_NEWS, .operation = 2, .call_id = 1};

/* ---- sending ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t part_lens[NX_IPC_PARTS_MAX + 1];
    size_t part_count;
    enum nx_status status;
} bodies[] = {
    {"a message without a body is sent", {0}, 0, NX_OK},
    {"empty spans are no body", {0, 0}, 2, NX_OK},
    {"the spans of a body follow each other", {1, 0, 2, 3}, 4, NX_OK},
    {"the largest number of spans is sent", {1, 1, 1, 1, 1, 1, 1, 1}, NX_IPC_PARTS_MAX, NX_OK},
    {"one span more is refused", {0}, NX_IPC_PARTS_MAX + 1, NX_E_INVALID},
    {"the longest body is sent", {NX_IPC_BODY_MAX}, 1, NX_OK},
    {"one byte more is over the limit", {NX_IPC_BODY_MAX + 1}, 1, NX_E_LIMIT},
    {"one byte more in another span is, too", {NX_IPC_BODY_MAX, 1}, 2, NX_E_LIMIT},
    {"lengths do not wrap around", {1, SIZE_MAX}, 2, NX_E_LIMIT},
};

static void sending(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(bodies); i++) {
        struct nx_bytes parts[NX_IPC_PARTS_MAX + 1];
        struct nx_ipc_message message;
        size_t body_len = 0;

        unit_row(bodies[i].name);
        puppet = (struct puppet){.status = NX_OK};
        for (size_t j = 0; j < bodies[i].part_count; j++) {
            /* As a row has them, spans lie one behind the other. */
            parts[j] =
                nx_bytes_of(big + (body_len < sizeof(big) ? body_len : 0), bodies[i].part_lens[j]);
            body_len += bodies[i].part_lens[j];
        }
        EXPECT_STATUS(nx_ipc_send(&ipc, client, &news, parts, bodies[i].part_count),
                      bodies[i].status);
        EXPECT_EQ(puppet.asked_count, bodies[i].status == NX_OK);
        if (bodies[i].status != NX_OK)
            continue;
        EXPECT_STATUS(nx_ipc_message_decode(puppet.sent, &message), NX_OK);
        EXPECT_EQ(message.head.kind, NX_IPC_NEWS);
        EXPECT_BYTES(message.body, nx_bytes_of(big, body_len));
    }

    unit_row("a head that cannot be is not sent");
    puppet = (struct puppet){.status = NX_OK};
    struct nx_ipc_head none = {.kind = NX_IPC_CALL, .operation = 1};
    EXPECT_STATUS(nx_ipc_send(&ipc, client, &none, NULL, 0), NX_E_INVALID);
    EXPECT_EQ(puppet.asked_count, 0);

    unit_row("what the driver says to a message is said");
    puppet.status = NX_WOULD_BLOCK;
    EXPECT_STATUS(nx_ipc_send(&ipc, client, &news, NULL, 0), NX_WOULD_BLOCK);
    puppet.status = NX_E_CLOSED;
    EXPECT_STATUS(nx_ipc_send(&ipc, client, &news, NULL, 0), NX_E_CLOSED);
}

/* ---- receiving ----------------------------------------------------------------------------- */

static void receiving(void)
{
    uint8_t bytes[NX_IPC_HEAD_LEN + 3] = {0};
    struct nx_ipc_message message = {.head = {.call_id = 99}};

    EXPECT_STATUS(nx_ipc_head_encode(&news, 3, bytes), NX_OK);
    memcpy(bytes + NX_IPC_HEAD_LEN, "abc", 3);

    unit_row("a datagram that is no message is told, and the message left alone");
    puppet = (struct puppet){.to_receive = nx_bytes_of(bytes, sizeof(bytes) - 1)};
    EXPECT_STATUS(nx_ipc_receive(&ipc, client, room, &message), NX_E_MALFORMED);
    EXPECT_EQ(message.head.call_id, 99);

    unit_row("what the driver says instead of a message is said");
    puppet.status = NX_END;
    EXPECT_STATUS(nx_ipc_receive(&ipc, client, room, &message), NX_END);
    puppet.status = NX_WOULD_BLOCK;
    EXPECT_STATUS(nx_ipc_receive(&ipc, client, room, &message), NX_WOULD_BLOCK);
    EXPECT_EQ(message.head.call_id, 99);

    unit_row("a message borrows its body from the room");
    puppet = (struct puppet){.to_receive = nx_bytes_of(bytes, sizeof(bytes))};
    EXPECT_STATUS(nx_ipc_receive(&ipc, client, room, &message), NX_OK);
    EXPECT_EQ(message.head.call_id, 1);
    EXPECT(message.body.ptr == room + NX_IPC_HEAD_LEN);
    EXPECT_BYTES(message.body, nx_bytes_of_text("abc"));
}

static void the_rest(void)
{
    struct nx_handle accepted = NX_HANDLE_NONE;
    struct nx_ipc_sender sender = {0, 0};
    struct nx_ipc_event event;

    unit_row("a client comes with who it is");
    puppet = (struct puppet){.status = NX_OK};
    EXPECT(!nx_ipc_event(&ipc, &event));
    EXPECT_STATUS(nx_ipc_accept(&ipc, &accepted, &sender), NX_OK);
    EXPECT_EQ(accepted.value, 7);
    EXPECT_EQ(sender.uid, 1000);
    EXPECT_EQ(sender.pid, 99);

    unit_row("events and the end are the driver's");
    EXPECT(nx_ipc_event(&ipc, &event));
    EXPECT_EQ(event.kind, NX_IPC_GONE);
    nx_ipc_close(&ipc, client);
    EXPECT_EQ(puppet.closed.value, 7);
}

UNIT_SUITE(ipc_test)
{
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (uint8_t)(i * 31);
    sending();
    receiving();
    the_rest();
}
