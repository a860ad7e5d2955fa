#include "tests/dsoftbusd/desk.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

enum {
    TURNS_MAX = 20000, /* of all engines, while the clock stands */
    SEGMENTS_MAX = 4,
};

struct message {
    const struct desk_program *program; /* NULL: free */
    bool is_for_daemon;
    uint64_t number;
    size_t len;
    uint8_t bytes[NX_IPC_MESSAGE_MAX];
};

static struct desk desk;
static struct message messages[DESK_MESSAGES];
static uint8_t heard_bytes[NX_IPC_MESSAGE_MAX];
static uint8_t body_bytes[NX_IPC_BODY_MAX];
static struct nx_capn_builder builder;
static struct nx_capn_segment table[SEGMENTS_MAX];

/* ---- channels -------------------------------------------------------------------------------- */

static struct message *oldest(const struct desk_program *p, bool is_for_daemon)
{
    struct message *first = NULL;

    for (size_t i = 0; i < DESK_MESSAGES; i++) {
        struct message *m = &messages[i];

        if (m->program == p && m->is_for_daemon == is_for_daemon &&
            (first == NULL || m->number < first->number))
            first = m;
    }
    return first;
}

static struct message *put(const struct desk_program *p, bool is_for_daemon)
{
    for (size_t i = 0; i < DESK_MESSAGES; i++) {
        struct message *m = &messages[i];

        if (m->program != NULL)
            continue;
        m->program = p;
        m->is_for_daemon = is_for_daemon;
        m->number = ++desk.number;
        m->len = 0;
        return m;
    }
    NX_CHECK(false); /* a row leaves too much lying around */
    return NULL;
}

static void forget_messages(const struct desk_program *p, bool is_for_daemon)
{
    struct message *m;

    while ((m = oldest(p, is_for_daemon)) != NULL)
        m->program = NULL;
}

static struct desk_program *program_of(const struct desk_device *at, struct nx_handle handle)
{
    for (size_t i = 0; i < DESK_PROGRAMS; i++) {
        struct desk_program *p = &desk.programs[i];

        if (p->is_used && p->at == at && !p->is_closed && p->handle.value == handle.value &&
            handle.value != 0)
            return p;
    }
    return NULL;
}

static enum nx_status desk_ipc_accept(void *self, struct nx_handle *client,
                                      struct nx_ipc_sender *sender)
{
    struct desk_device *at = self;

    if (at->fails_to_accept)
        return NX_E_IO;
    for (size_t i = 0; i < DESK_PROGRAMS; i++) {
        struct desk_program *p = &desk.programs[i];

        if (!p->is_used || p->at != at || p->handle.value != 0)
            continue;
        p->handle.value = ++at->accepted_count;
        *client = p->handle;
        *sender = (struct nx_ipc_sender){.uid = 1000};
        return NX_OK;
    }
    at->waits_to_accept = true;
    return NX_WOULD_BLOCK;
}

static enum nx_status desk_ipc_send(void *self, struct nx_handle client,
                                    const struct nx_bytes *parts, size_t part_count)
{
    struct desk_program *p = program_of(self, client);
    struct message *m;

    if (p == NULL || p->has_left)
        return NX_E_CLOSED;
    if (p->is_broken)
        return NX_E_IO;
    if (p->unread_count >= p->unread_max) {
        p->waits_to_send = true;
        return NX_WOULD_BLOCK;
    }
    m = put(p, false);
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].len > 0)
            memcpy(m->bytes + m->len, parts[i].ptr, parts[i].len);
        m->len += parts[i].len;
    }
    p->unread_count++;
    return NX_OK;
}

static enum nx_status desk_ipc_receive(void *self, struct nx_handle client, uint8_t *room,
                                       size_t *len)
{
    struct desk_program *p = program_of(self, client);
    struct message *m;

    if (p == NULL)
        return NX_E_CLOSED;
    m = oldest(p, true);
    if (m == NULL) {
        p->waits_to_receive = !p->has_left;
        return p->has_left ? NX_END : NX_WOULD_BLOCK;
    }
    memcpy(room, m->bytes, m->len);
    *len = m->len;
    m->program = NULL;
    return NX_OK;
}

static void desk_ipc_close(void *self, struct nx_handle client)
{
    struct desk_program *p = program_of(self, client);

    if (p == NULL)
        return;
    p->is_closed = true;
    p->is_readable = p->is_writable = p->is_gone = false;
    forget_messages(p, true);
}

static bool take_event(struct desk_program *p, struct nx_ipc_event *event)
{
    static const enum nx_ipc_event_kind kinds[] = {NX_IPC_READABLE, NX_IPC_WRITABLE, NX_IPC_GONE};
    bool *const flags[] = {&p->is_readable, &p->is_writable, &p->is_gone};

    for (size_t i = 0; i < NX_COUNT_OF(flags); i++) {
        if (!*flags[i])
            continue;
        *flags[i] = false;
        *event = (struct nx_ipc_event){.client = p->handle, .kind = kinds[i]};
        return true;
    }
    return false;
}

static bool desk_ipc_event(void *self, struct nx_ipc_event *event)
{
    struct desk_device *at = self;

    if (at->is_acceptable) {
        at->is_acceptable = false;
        *event = (struct nx_ipc_event){.kind = NX_IPC_ACCEPTABLE};
        return true;
    }
    for (size_t i = 0; i < DESK_PROGRAMS; i++) {
        struct desk_program *p = &desk.programs[i];

        if (p->is_used && p->at == at && p->handle.value != 0 && take_event(p, event))
            return true;
    }
    return false;
}

static bool has_ipc_event(const struct desk_device *at)
{
    bool has = at->is_acceptable;

    for (size_t i = 0; i < DESK_PROGRAMS; i++) {
        const struct desk_program *p = &desk.programs[i];

        has = has || (p->is_used && p->at == at && p->handle.value != 0 &&
                      (p->is_readable || p->is_writable || p->is_gone));
    }
    return has;
}

static const struct nx_ipc_driver desk_ipc = {
    .accept = desk_ipc_accept,
    .send = desk_ipc_send,
    .receive = desk_ipc_receive,
    .close = desk_ipc_close,
    .event = desk_ipc_event,
};

/* ---- turns ----------------------------------------------------------------------------------- */

static bool store(struct fabric_device *d)
{
    bool moved = false;

    while (!d->holds_stores && nx_store_memory_step(&d->store, dsb_node_store(&d->node))) {
        dsb_node_stored(&d->node, d->fabric->now);
        moved = true;
    }
    return moved;
}

static bool turn(struct desk_device *at)
{
    struct fabric_device *d = at->d;
    struct nx_net_event event;
    bool is_woken = d->is_touched;

    if (!at->is_on)
        return false;
    d->is_touched = false;
    while (nx_net_event(&d->net, &event)) {
        dsoftbusd_input(&at->engine, &event);
        is_woken = true;
    }
    if (!is_woken && !has_ipc_event(at) &&
        !nx_instant_reached(dsoftbusd_deadline(&at->engine), desk.f->now))
        return false;
    desk.turn_count++;
    do {
        dsoftbusd_work(&at->engine, desk.f->now);
    } while (store(d));
    return true;
}

void desk_settle(void)
{
    uint64_t first = desk.turn_count;
    bool moved;

    do {
        moved = fakenet_tick(&desk.f->net);
        for (uint32_t i = 0; i < FABRIC_DEVICES; i++)
            moved |= turn(&desk.devices[i]);
        desk.is_stuck |= desk.turn_count - first > TURNS_MAX;
    } while (moved && !desk.is_stuck);
    EXPECT(!desk.is_stuck);
}

static struct nx_instant next_deadline(void)
{
    struct nx_instant next = fakenet_deadline(&desk.f->net);

    for (uint32_t i = 0; i < FABRIC_DEVICES; i++) {
        if (desk.devices[i].is_on)
            next = nx_instant_earlier(next, dsoftbusd_deadline(&desk.devices[i].engine));
    }
    return next;
}

void desk_pass(struct nx_duration time)
{
    struct nx_instant end = nx_instant_after(desk.f->now, time);

    desk_settle();
    while (desk.f->now.ns < end.ns && !desk.is_stuck) {
        desk.f->now = nx_instant_earlier(next_deadline(), end);
        desk.f->net.now = desk.f->now;
        desk_settle();
    }
}

/* ---- beginnings ------------------------------------------------------------------------------ */

static void begin_engine(struct desk_device *at)
{
    struct dsoftbusd_config config = {
        .node = &at->d->node,
        .connections = &at->d->connections,
        .ipc = {&desk_ipc, at},
        .version = "1.2.3",
        .name = "desk",
        .listen = {at->d->address},
        .listen_count = 1,
    };

    dsoftbusd_init(&at->engine, desk.f->now, &config);
    at->id = at->d->identity.id_text;
    at->d->is_frozen = at->d->is_touched = true; /* its turns are ours */
    at->is_on = true;
    at->waits_to_accept = at->is_acceptable = false;
    at->accepted_count = 0;
}

void desk_switch_off(struct desk_device *at, bool is_sudden)
{
    if (!at->is_on)
        return;
    at->is_on = false;
    dsoftbusd_wipe(&at->engine);
    fabric_switch_off(at->d, is_sudden);
}

void desk_switch_on(struct desk_device *at)
{
    fabric_switch_on(at->d);
    begin_engine(at);
    desk_settle();
}

struct desk *desk_begin(void)
{
    for (uint32_t i = 0; i < FABRIC_DEVICES; i++)
        desk_switch_off(&desk.devices[i], false);
    memset(desk.programs, 0, sizeof(desk.programs));
    for (size_t i = 0; i < DESK_MESSAGES; i++)
        messages[i].program = NULL;
    desk.is_stuck = false;
    desk.f = fabric_begin();
    for (uint32_t i = 0; i < FABRIC_DEVICES; i++) {
        desk.devices[i].d = &desk.f->devices[i];
        begin_engine(&desk.devices[i]);
    }
    desk_settle();
    return &desk;
}

struct desk *desk_begin_paired(void)
{
    struct fabric_device *a, *b;

    (void)desk_begin();
    a = desk.devices[0].d;
    b = desk.devices[1].d;
    a->is_frozen = b->is_frozen = false;
    fabric_pair(a, b);
    a->is_frozen = b->is_frozen = true;
    desk_settle();
    return &desk;
}

/* ---- programs -------------------------------------------------------------------------------- */

struct desk_program *desk_join(struct desk_device *at)
{
    for (size_t i = 0; i < DESK_PROGRAMS; i++) {
        struct desk_program *p = &desk.programs[i];

        if (p->is_used)
            continue;
        *p = (struct desk_program){.at = at, .is_used = true, .unread_max = DESK_UNREAD};
        at->is_acceptable = at->waits_to_accept;
        at->waits_to_accept = false;
        desk_settle();
        return p;
    }
    NX_CHECK(false); /* too many for one row */
    return NULL;
}

void desk_leave(struct desk_program *p)
{
    p->has_left = true;
    p->is_gone = !p->is_closed && p->handle.value != 0;
    forget_messages(p, false);
    desk_settle();
}

void desk_forget(struct desk_program *p)
{
    NX_CHECK(p->is_closed || p->has_left);
    forget_messages(p, true);
    forget_messages(p, false);
    p->is_used = false;
}

void desk_say_bytes(struct desk_program *p, struct nx_bytes datagram)
{
    struct message *m;

    if (p->is_closed)
        return;
    m = put(p, true);
    if (datagram.len > 0)
        memcpy(m->bytes, datagram.ptr, datagram.len);
    m->len = datagram.len;
    p->is_readable = p->is_readable || p->waits_to_receive;
    p->waits_to_receive = false;
}

void desk_say(struct desk_program *p, const struct nx_ipc_head *head, struct nx_bytes body)
{
    static uint8_t bytes[NX_IPC_MESSAGE_MAX];

    EXPECT_STATUS(nx_ipc_head_encode(head, body.len, bytes), NX_OK);
    if (body.len > 0)
        memcpy(bytes + NX_IPC_HEAD_LEN, body.ptr, body.len);
    desk_say_bytes(p, nx_bytes_of(bytes, NX_IPC_HEAD_LEN + body.len));
}

void desk_call(struct desk_program *p, uint32_t id, uint16_t operation, struct nx_bytes body)
{
    const struct nx_ipc_head head = {.kind = NX_IPC_CALL, .operation = operation, .call_id = id};

    desk_say(p, &head, body);
    desk_settle();
}

static struct nx_capn_builder *begin_body(void)
{
    nx_capn_builder_init_frame(&builder, body_bytes, sizeof(body_bytes));
    return &builder;
}

static struct nx_bytes end_body(void)
{
    struct nx_bytes body = {NULL, 0};

    EXPECT_STATUS(nx_capn_builder_finish(&builder, &body), NX_OK);
    return body;
}

void desk_call_named(struct desk_program *p, uint32_t id, uint16_t operation, const char *peer)
{
    dsoftbusd_peer_name_set_peer(dsoftbusd_peer_name_new_root(begin_body()),
                                 nx_bytes_of_text(peer));
    desk_call(p, id, operation, end_body()); /* an Offer looks the same */
}

void desk_discover(struct desk_program *p, uint32_t id, bool watch)
{
    dsoftbusd_discover_set_watch(dsoftbusd_discover_new_root(begin_body()), watch);
    desk_call(p, id, DSOFTBUSD_OPERATION_DISCOVER, end_body());
}

void desk_accept(struct desk_program *p, uint32_t id, const char *peer, const char *code)
{
    struct dsoftbusd_accept_builder accept = dsoftbusd_accept_new_root(begin_body());

    dsoftbusd_accept_set_peer(accept, nx_bytes_of_text(peer));
    dsoftbusd_accept_set_code(accept, nx_bytes_of_text(code));
    desk_call(p, id, DSOFTBUSD_OPERATION_ACCEPT, end_body());
}

void desk_open(struct desk_program *p, uint32_t id, const char *peer,
               enum dsoftbusd_stream_kind kind, const char *channel)
{
    struct dsoftbusd_open_builder open = dsoftbusd_open_new_root(begin_body());

    dsoftbusd_open_set_peer(open, nx_bytes_of_text(peer));
    dsoftbusd_open_set_kind(open, kind);
    dsoftbusd_open_set_channel(open, nx_bytes_of_text(channel));
    desk_call(p, id, DSOFTBUSD_OPERATION_OPEN, end_body());
}

void desk_listen(struct desk_program *p, uint32_t id, const char *peer,
                 enum dsoftbusd_stream_kind kind, const char *channel)
{
    struct dsoftbusd_listen_builder listen = dsoftbusd_listen_new_root(begin_body());

    dsoftbusd_listen_set_peer(listen, nx_bytes_of_text(peer));
    dsoftbusd_listen_set_kind(listen, kind);
    dsoftbusd_listen_set_channel(listen, nx_bytes_of_text(channel));
    desk_call(p, id, DSOFTBUSD_OPERATION_LISTEN, end_body());
}

void desk_connect_v1(struct desk_program *p, uint32_t id, const struct desk_device *to)
{
    struct dsoftbusd_connect_v1_builder v1 = dsoftbusd_connect_v1_new_root(begin_body());
    char address[NX_ADDRESS_TEXT_CAP], noise_static[65];

    nx_address_print(&to->d->address, address);
    for (size_t i = 0; i < 32; i++) {
        uint8_t byte = to->d->identity.noise_static[i];

        noise_static[2 * i] = "0123456789abcdef"[byte >> 4];
        noise_static[2 * i + 1] = "0123456789abcdef"[byte & 15];
    }
    noise_static[64] = '\0';
    dsoftbusd_connect_v1_set_address(v1, nx_bytes_of_text(address));
    dsoftbusd_connect_v1_set_device_id(v1, nx_bytes_of_text(to->id));
    dsoftbusd_connect_v1_set_noise_static(v1, nx_bytes_of_text(noise_static));
    desk_call(p, id, DSOFTBUSD_OPERATION_CONNECT_V1, end_body());
}

void desk_cancel(struct desk_program *p, uint32_t id)
{
    const struct nx_ipc_head head = {
        .kind = NX_IPC_CANCEL, .operation = DSOFTBUSD_OPERATION_STATUS, .call_id = id};

    desk_say(p, &head, nx_bytes_of(NULL, 0));
    desk_settle();
}

static void say_stream(struct desk_program *p, uint32_t id, uint16_t operation,
                       struct nx_bytes body, bool ends_message)
{
    const struct nx_ipc_head head = {
        .kind = NX_IPC_STREAM, .operation = operation, .call_id = id, .ends_message = ends_message};

    desk_say(p, &head, body);
    desk_settle();
}

void desk_data(struct desk_program *p, uint32_t id, struct nx_bytes bytes, bool ends_message)
{
    say_stream(p, id, DSOFTBUSD_OPERATION_DATA, bytes, ends_message);
}

void desk_finish(struct desk_program *p, uint32_t id)
{
    say_stream(p, id, DSOFTBUSD_OPERATION_FINISH, nx_bytes_of(NULL, 0), false);
}

void desk_abort(struct desk_program *p, uint32_t id, uint16_t code, const char *why)
{
    struct dsoftbusd_abort_builder abort = dsoftbusd_abort_new_root(begin_body());

    dsoftbusd_abort_set_code(abort, code);
    dsoftbusd_abort_set_why(abort, nx_bytes_of_text(why));
    say_stream(p, id, DSOFTBUSD_OPERATION_ABORT, end_body(), false);
}

/* ---- hearing --------------------------------------------------------------------------------- */

/* One segment of one word, which points to nothing: every field of it is empty. */
static const uint8_t no_body[16] = {0, 0, 0, 0, 1};

static void open_body(struct nx_bytes body)
{
    EXPECT_STATUS(
        nx_capn_message_open(&desk.body, &nx_capn_limits_default, body, table, SEGMENTS_MAX),
        NX_OK);
}

bool desk_read(struct desk_program *p)
{
    struct message *m = oldest(p, false);

    if (m == NULL)
        return false;
    memcpy(heard_bytes, m->bytes, m->len);
    EXPECT_STATUS(nx_ipc_message_decode(nx_bytes_of(heard_bytes, m->len), &desk.heard), NX_OK);
    m->program = NULL;
    p->unread_count--;
    p->is_writable = p->is_writable || (p->waits_to_send && !p->is_closed);
    p->waits_to_send = false;
    open_body(desk.heard.body.len > 0 && desk.heard.head.operation != DSOFTBUSD_OPERATION_DATA
                  ? desk.heard.body
                  : nx_bytes_of(no_body, sizeof(no_body)));
    return true;
}

static bool expect(struct desk_program *p, enum nx_ipc_kind kind, uint32_t id)
{
    bool was_there = desk_read(p);

    EXPECT(was_there);
    if (!was_there) {
        memset(&desk.heard, 0, sizeof(desk.heard));
        open_body(nx_bytes_of(no_body, sizeof(no_body)));
    }
    EXPECT_EQ(desk.heard.head.kind, kind);
    if (id != 0)
        EXPECT_EQ(desk.heard.head.call_id, id);
    desk_settle();
    return was_there;
}

void desk_expect_news(struct desk_program *p, uint32_t id)
{
    (void)expect(p, NX_IPC_NEWS, id);
}

void desk_expect_reply(struct desk_program *p, uint32_t id, enum nx_status status)
{
    (void)expect(p, NX_IPC_REPLY, id);
    EXPECT_STATUS(desk.heard.head.status, status);
}

void desk_expect_failure(struct desk_program *p, uint32_t id, enum nx_status status,
                         const char *why)
{
    desk_expect_reply(p, id, status);
    if (desk.heard.body.len > 0)
        EXPECT_BYTES(dsoftbusd_failure_get_why(dsoftbusd_failure_root(&desk.body)),
                     nx_bytes_of_text(why));
    EXPECT(desk.heard.body.len > 0);
}

void desk_expect_data(struct desk_program *p, struct nx_bytes bytes, bool ends_message)
{
    (void)expect(p, NX_IPC_STREAM, 0);
    EXPECT_EQ(desk.heard.head.operation, DSOFTBUSD_OPERATION_DATA);
    EXPECT_EQ(desk.heard.head.ends_message, ends_message);
    EXPECT_BYTES(desk.heard.body, bytes);
}

void desk_expect_finish(struct desk_program *p)
{
    (void)expect(p, NX_IPC_STREAM, 0);
    EXPECT_EQ(desk.heard.head.operation, DSOFTBUSD_OPERATION_FINISH);
}

struct dsoftbusd_ended_reader desk_expect_ended(struct desk_program *p, enum nx_status status)
{
    struct dsoftbusd_ended_reader ended;

    (void)expect(p, NX_IPC_STREAM, 0);
    EXPECT_EQ(desk.heard.head.operation, DSOFTBUSD_OPERATION_ENDED);
    ended = dsoftbusd_ended_root(&desk.body);
    EXPECT_EQ((uint32_t)dsoftbusd_ended_get_status(ended), (uint32_t)status);
    return ended;
}

void desk_expect_nothing(struct desk_program *p)
{
    EXPECT(oldest(p, false) == NULL);
    EXPECT(!p->is_closed);
}

void desk_expect_closed(struct desk_program *p)
{
    EXPECT(oldest(p, false) == NULL);
    EXPECT(p->is_closed);
}

bool desk_is_heard(const struct desk_program *p)
{
    return oldest(p, true) == NULL;
}
