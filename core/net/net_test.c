#include "core/net/net.h"

#include "tests/unit/unit.h"

/* A driver that answers what it is told to and counts how often it was asked. */
struct puppet {
    enum nx_net_failure failure;
    enum nx_status status;
    uint32_t asked_count;
    struct nx_address local;
    bool was_abort;
};

static enum nx_net_failure puppet_listen(void *self, const struct nx_address *local,
                                         uint32_t backlog, struct nx_handle *listener)
{
    struct puppet *p = self;

    (void)local, (void)backlog, (void)listener;
    p->asked_count++;
    return p->failure;
}

static enum nx_status puppet_accept(void *self, struct nx_handle listener, struct nx_handle *stream,
                                    struct nx_address *peer)
{
    struct puppet *p = self;

    (void)listener, (void)stream, (void)peer;
    p->asked_count++;
    return p->status;
}

static enum nx_net_failure puppet_connect(void *self, const struct nx_address *peer,
                                          struct nx_instant deadline, struct nx_handle *stream)
{
    struct puppet *p = self;

    (void)peer, (void)deadline, (void)stream;
    p->asked_count++;
    return p->failure;
}

static enum nx_status puppet_send(void *self, struct nx_handle stream, const struct nx_bytes *parts,
                                  size_t part_count, size_t *sent)
{
    struct puppet *p = self;

    (void)stream, (void)parts, (void)part_count;
    *sent = p->asked_count++;
    return p->status;
}

static enum nx_status puppet_receive(void *self, struct nx_handle stream,
                                     const struct nx_net_room *rooms, size_t room_count,
                                     size_t *received)
{
    struct puppet *p = self;

    (void)stream, (void)rooms, (void)room_count;
    *received = p->asked_count++;
    return p->status;
}

static enum nx_status puppet_finish(void *self, struct nx_handle stream)
{
    struct puppet *p = self;

    (void)stream;
    p->asked_count++;
    return p->status;
}

static enum nx_net_failure puppet_bind(void *self, const struct nx_address *local, bool is_shared,
                                       struct nx_handle *socket)
{
    struct puppet *p = self;

    (void)local, (void)is_shared, (void)socket;
    p->asked_count++;
    return p->failure;
}

static enum nx_net_failure puppet_join(void *self, struct nx_handle socket,
                                       const struct nx_address *group, uint32_t interface_index)
{
    struct puppet *p = self;

    (void)socket, (void)group, (void)interface_index;
    p->asked_count++;
    return p->failure;
}

static enum nx_status puppet_send_to(void *self, struct nx_handle socket,
                                     const struct nx_address *to, struct nx_bytes datagram)
{
    struct puppet *p = self;

    (void)socket, (void)to, (void)datagram;
    p->asked_count++;
    return p->status;
}

static enum nx_status puppet_receive_from(void *self, struct nx_handle socket,
                                          struct nx_net_room room, struct nx_net_datagram *datagram)
{
    struct puppet *p = self;

    (void)socket, (void)room, (void)datagram;
    p->asked_count++;
    return p->status;
}

static enum nx_status puppet_local(void *self, struct nx_handle socket, struct nx_address *address)
{
    struct puppet *p = self;

    (void)socket;
    *address = p->local;
    return p->status;
}

static enum nx_net_failure puppet_failure(void *self, struct nx_handle socket)
{
    (void)socket;
    return ((struct puppet *)self)->failure;
}

static void puppet_close(void *self, struct nx_handle socket, bool is_abort)
{
    (void)socket;
    ((struct puppet *)self)->was_abort = is_abort;
}

static bool puppet_event(void *self, struct nx_net_event *event)
{
    *event = (struct nx_net_event){.kind = NX_NET_WRITABLE};
    return ((struct puppet *)self)->asked_count > 0;
}

static const struct nx_net_driver puppet_driver = {
    .listen = puppet_listen,
    .accept = puppet_accept,
    .connect = puppet_connect,
    .send = puppet_send,
    .receive = puppet_receive,
    .finish = puppet_finish,
    .bind = puppet_bind,
    .join = puppet_join,
    .send_to = puppet_send_to,
    .receive_from = puppet_receive_from,
    .local = puppet_local,
    .failure = puppet_failure,
    .close = puppet_close,
    .event = puppet_event,
};

static struct nx_address address_of(const char *text)
{
    struct nx_address address = {.family = NX_ADDRESS_NONE};

    (void)!nx_address_parse(nx_bytes_of_text(text), 0, &address, NULL);
    return address;
}

/* ---- failures ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct {
    const char *name;
    enum nx_net_failure failure;
    enum nx_status status;
    const char *why;
} sentences[] = {
    {"a dial to where nobody listens is not found, and says refused", NX_NET_REFUSED, NX_E_NOT_FOUND,
     "connect 192.0.2.7:34567: refused, nobody listens there"},
    {"a dial to where no way leads is not found, and says so", NX_NET_UNREACHABLE, NX_E_NOT_FOUND,
     "connect 192.0.2.7:34567: no way leads there"},
    {"a dial that nobody answers is a time-out", NX_NET_TIMED_OUT, NX_E_TIMEOUT,
     "connect 192.0.2.7:34567: no answer in time"},
    {"a cut is an abort", NX_NET_RESET, NX_E_ABORTED,
     "connect 192.0.2.7:34567: the connection was cut"},
    {"a port in use exists", NX_NET_IN_USE, NX_E_EXISTS,
     "connect 192.0.2.7:34567: the port is in use"},
    {"an address of somebody else is not found", NX_NET_NOT_OURS, NX_E_NOT_FOUND,
     "connect 192.0.2.7:34567: no interface of this machine has that address"},
    {"what the system forbids is denied", NX_NET_NOT_PERMITTED, NX_E_DENIED,
     "connect 192.0.2.7:34567: not permitted"},
    {"a full table is no memory", NX_NET_FULL, NX_E_NO_MEMORY,
     "connect 192.0.2.7:34567: no place for another socket"},
    {"what a machine cannot do is unsupported", NX_NET_NOT_POSSIBLE, NX_E_UNSUPPORTED,
     "connect 192.0.2.7:34567: this machine cannot do that"},
    {"whatever else goes wrong is an io failure", NX_NET_BROKEN, NX_E_IO,
     "connect 192.0.2.7:34567: the network below failed"},
    {"a failure that is not known is an io failure too", (enum nx_net_failure)99, NX_E_IO,
     "connect 192.0.2.7:34567: failed in a way that this version does not know"},
};
/* clang-format on */

static void each_failure_has_its_sentence(void)
{
    struct nx_address peer = address_of("192.0.2.7:34567");

    for (size_t i = 0; i < NX_COUNT_OF(sentences); i++) {
        struct puppet puppet = {.failure = sentences[i].failure};
        struct nx_net net = {&puppet_driver, &puppet};
        struct nx_net_fault fault = {.failure = NX_NET_FAILURE_NONE};
        struct nx_handle stream = NX_HANDLE_NONE;

        unit_row(sentences[i].name);
        EXPECT_STATUS(nx_net_connect(&net, &peer, NX_NEVER, &stream, &fault), sentences[i].status);
        EXPECT_EQ(fault.failure, sentences[i].failure);
        EXPECT_TEXT(fault.why.text, sentences[i].why);
        EXPECT_STATUS(nx_net_connect(&net, &peer, NX_NEVER, &stream, NULL), sentences[i].status);
    }
}

static void each_verb_names_itself(void)
{
    struct puppet puppet = {.failure = NX_NET_NOT_PERMITTED, .local = address_of("0.0.0.0:37020")};
    struct nx_net net = {&puppet_driver, &puppet};
    struct nx_address local = address_of("0.0.0.0:37020");
    struct nx_address group = address_of("239.42.0.1:37020");
    struct nx_handle handle = NX_HANDLE_NONE;
    struct nx_net_fault fault;

    unit_row("a reason begins with what was tried");
    EXPECT_STATUS(nx_net_listen(&net, &local, 1, &handle, &fault), NX_E_DENIED);
    EXPECT_TEXT(fault.why.text, "listen 0.0.0.0:37020: not permitted");
    EXPECT_STATUS(nx_net_bind(&net, &local, false, &handle, &fault), NX_E_DENIED);
    EXPECT_TEXT(fault.why.text, "bind 0.0.0.0:37020: not permitted");
    EXPECT_STATUS(nx_net_join(&net, handle, &group, 1, &fault), NX_E_DENIED);
    EXPECT_TEXT(fault.why.text, "join 239.42.0.1:37020: not permitted");

    unit_row("what went well has no reason");
    puppet.failure = NX_NET_FAILURE_NONE;
    EXPECT_STATUS(nx_net_bind(&net, &local, false, &handle, &fault), NX_OK);
    EXPECT_EQ(fault.failure, NX_NET_FAILURE_NONE);
    EXPECT_TEXT(fault.why.text, "");

    unit_row("the longest address leaves its reason whole");
    struct nx_address longest =
        address_of("[1000:1001:1002:1003:1004:1005:1006:1007%4294967295]:65535");
    puppet = (struct puppet){.failure = NX_NET_NOT_OURS};
    EXPECT_EQ(longest.family, NX_ADDRESS_IPV6);
    EXPECT_STATUS(nx_net_connect(&net, &longest, NX_NEVER, &handle, &fault), NX_E_NOT_FOUND);
    EXPECT_TEXT(fault.why.text,
                "connect [1000:1001:1002:1003:1004:1005:1006:1007%4294967295]:65535: "
                "no interface of this machine has that address");
}

/* ---- arguments ----------------------------------------------------------------------------- */

enum verb {
    LISTEN,
    CONNECT,
    BIND,
    JOIN,
    SEND_TO,
};

/* clang-format off */
static const struct {
    const char *name;
    enum verb verb;
    const char *address; /* NULL: none */
    uint32_t number;     /* backlog, interface, length */
    enum nx_status status;
} arguments[] = {
    {"a backlog of one is the least", LISTEN, "127.0.0.1:0", 1, NX_OK},
    {"no backlog is refused", LISTEN, "127.0.0.1:0", 0, NX_E_INVALID},
    {"the largest backlog is taken", LISTEN, "[::]:1", NX_NET_BACKLOG_MAX, NX_OK},
    {"a backlog over the limit is refused", LISTEN, "[::]:1", NX_NET_BACKLOG_MAX + 1, NX_E_INVALID},
    {"nobody listens nowhere", LISTEN, NULL, 1, NX_E_INVALID},
    {"nobody listens on a group", LISTEN, "239.42.0.1:1", 1, NX_E_INVALID},
    {"a dial needs an address", CONNECT, NULL, 0, NX_E_INVALID},
    {"a dial needs a port", CONNECT, "127.0.0.1:0", 0, NX_E_INVALID},
    {"a group cannot be dialled", CONNECT, "[ff12::4e58:5342]:1", 0, NX_E_INVALID},
    {"an address below the groups can be dialled", CONNECT, "223.255.255.255:1", 0, NX_OK},
    {"an address above the groups can be dialled", CONNECT, "240.0.0.1:1", 0, NX_OK},
    {"nobody binds nowhere", BIND, NULL, 0, NX_E_INVALID},
    {"a group can be bound", BIND, "239.42.0.1:37020", 0, NX_OK},
    {"a group is joined on an interface", JOIN, "239.42.0.1:0", 1, NX_OK},
    {"a group is not joined wherever the system likes", JOIN, "239.42.0.1:0", 0, NX_E_INVALID},
    {"an address is no group", JOIN, "192.0.2.7:0", 1, NX_E_INVALID},
    {"a socket joins no group of the other family", JOIN, "[ff12::4e58:5342]:0", 1, NX_E_INVALID},
    {"an empty datagram is a datagram", SEND_TO, "192.0.2.7:1", 0, NX_OK},
    {"the longest datagram is sent", SEND_TO, "192.0.2.7:1", NX_NET_DATAGRAM_MAX, NX_OK},
    {"a datagram longer than that is refused", SEND_TO, "192.0.2.7:1", NX_NET_DATAGRAM_MAX + 1, NX_E_LIMIT},
    {"a datagram needs an address", SEND_TO, NULL, 1, NX_E_INVALID},
    {"a datagram needs a port", SEND_TO, "192.0.2.7:0", 1, NX_E_INVALID},
};
/* clang-format on */

static enum nx_status call(const struct nx_net *net, enum verb verb,
                           const struct nx_address *address, uint32_t number,
                           struct nx_net_fault *fault)
{
    static const uint8_t bytes[NX_NET_DATAGRAM_MAX + 1];
    struct nx_handle handle = NX_HANDLE_NONE;

    switch (verb) {
    case LISTEN:
        return nx_net_listen(net, address, number, &handle, fault);
    case CONNECT:
        return nx_net_connect(net, address, NX_NEVER, &handle, fault);
    case BIND:
        return nx_net_bind(net, address, true, &handle, fault);
    case JOIN:
        return nx_net_join(net, handle, address, number, fault);
    case SEND_TO:
        return nx_net_send_to(net, handle, address, nx_bytes_of(bytes, number));
    }
    return NX_E_IO;
}

static void arguments_are_looked_at(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(arguments); i++) {
        struct puppet puppet = {.local = address_of("0.0.0.0:37020")};
        struct nx_net net = {&puppet_driver, &puppet};
        struct nx_address address = {.family = NX_ADDRESS_NONE};
        struct nx_net_fault fault = {.failure = NX_NET_BROKEN};

        if (arguments[i].address != NULL)
            address = address_of(arguments[i].address);
        unit_row(arguments[i].name);
        EXPECT_STATUS(call(&net, arguments[i].verb, &address, arguments[i].number, &fault),
                      arguments[i].status);
        EXPECT_EQ(puppet.asked_count, arguments[i].status == NX_OK);
        if (arguments[i].verb != SEND_TO) {
            EXPECT_EQ(fault.failure, NX_NET_FAILURE_NONE);
            EXPECT_EQ(fault.why.text[0] == '\0', arguments[i].status == NX_OK);
        }
    }

    unit_row("a socket that is closed joins nothing, and that is what is answered");
    struct puppet puppet = {.status = NX_E_CLOSED};
    struct nx_net net = {&puppet_driver, &puppet};
    struct nx_address group = address_of("239.42.0.1");
    EXPECT_STATUS(nx_net_join(&net, NX_HANDLE_NONE, &group, 1, NULL), NX_E_CLOSED);
    EXPECT_EQ(puppet.asked_count, 0);
}

static void spans_are_counted(void)
{
    struct puppet puppet = {.status = NX_WOULD_BLOCK};
    struct nx_net net = {&puppet_driver, &puppet};
    struct nx_bytes parts[NX_NET_PARTS_MAX + 1] = {{NULL, 0}};
    struct nx_net_room rooms[NX_NET_PARTS_MAX + 1] = {{NULL, 0}};
    uint8_t byte;
    size_t len = 7;

    unit_row("a send has one to sixteen parts, and nothing sent when it is refused");
    EXPECT_STATUS(nx_net_send(&net, NX_HANDLE_NONE, parts, 0, &len), NX_E_INVALID);
    EXPECT_EQ(len, 0);
    EXPECT_STATUS(nx_net_send(&net, NX_HANDLE_NONE, parts, NX_NET_PARTS_MAX + 1, &len),
                  NX_E_INVALID);
    EXPECT_EQ(puppet.asked_count, 0);
    EXPECT_STATUS(nx_net_send(&net, NX_HANDLE_NONE, parts, NX_NET_PARTS_MAX, &len), NX_WOULD_BLOCK);
    EXPECT_EQ(puppet.asked_count, 1);

    unit_row("a receive needs room, or it could not tell nothing from the end");
    len = 7;
    EXPECT_STATUS(nx_net_receive(&net, NX_HANDLE_NONE, rooms, NX_NET_PARTS_MAX, &len),
                  NX_E_INVALID);
    EXPECT_EQ(len, 0);
    EXPECT_STATUS(nx_net_receive(&net, NX_HANDLE_NONE, rooms, 0, &len), NX_E_INVALID);
    rooms[NX_NET_PARTS_MAX] = rooms[NX_NET_PARTS_MAX - 1] = (struct nx_net_room){&byte, 1};
    EXPECT_STATUS(nx_net_receive(&net, NX_HANDLE_NONE, rooms, NX_NET_PARTS_MAX + 1, &len),
                  NX_E_INVALID);
    EXPECT_EQ(puppet.asked_count, 1);
    EXPECT_STATUS(nx_net_receive(&net, NX_HANDLE_NONE, rooms, NX_NET_PARTS_MAX, &len),
                  NX_WOULD_BLOCK);
    EXPECT_EQ(puppet.asked_count, 2);
}

static void the_rest_is_handed_on(void)
{
    struct puppet puppet = {.status = NX_E_NO_MEMORY, .failure = NX_NET_RESET};
    struct nx_net net = {&puppet_driver, &puppet};
    struct nx_address address;
    struct nx_net_datagram datagram;
    struct nx_net_event event = {.kind = NX_NET_DIALLED};
    struct nx_handle handle;

    unit_row("what the driver answers travels unchanged");
    EXPECT(!nx_net_event(&net, &event));
    EXPECT_STATUS(nx_net_accept(&net, NX_HANDLE_NONE, &handle, &address), NX_E_NO_MEMORY);
    EXPECT_STATUS(nx_net_finish(&net, NX_HANDLE_NONE), NX_E_NO_MEMORY);
    EXPECT_STATUS(
        nx_net_receive_from(&net, NX_HANDLE_NONE, (struct nx_net_room){NULL, 0}, &datagram),
        NX_E_NO_MEMORY);
    EXPECT_EQ(puppet.asked_count, 3);
    EXPECT_EQ(nx_net_failure_of(&net, NX_HANDLE_NONE), NX_NET_RESET);
    EXPECT(nx_net_event(&net, &event));
    EXPECT_EQ(event.kind, NX_NET_WRITABLE);

    unit_row("an abort is told from a close");
    nx_net_abort(&net, NX_HANDLE_NONE);
    EXPECT(puppet.was_abort);
    nx_net_close(&net, NX_HANDLE_NONE);
    EXPECT(!puppet.was_abort);
}

static void groups_are_told_apart(void)
{
    static const struct {
        const char *name;
        const char *address;
        bool is_group;
    } cases[] = {
        {"the group of beacons is a group", "239.42.0.1", true},
        {"the last address before the groups of IPv4 is none", "223.255.255.255", false},
        {"the first address behind the groups of IPv4 is none", "240.0.0.0", false},
        {"the group of beacons over IPv6 is a group", "[ff12::4e58:5342]", true},
        {"a link-local address of IPv6 is no group", "[fe80::1]", false},
    };
    struct nx_address none = {.family = NX_ADDRESS_NONE};

    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct nx_address address;

        unit_row(cases[i].name);
        EXPECT_STATUS(nx_address_parse(nx_bytes_of_text(cases[i].address), 1, &address, NULL),
                      NX_OK);
        EXPECT_EQ(nx_net_is_group(&address), cases[i].is_group);
    }

    unit_row("no address is no group");
    EXPECT(!nx_net_is_group(&none));
}

UNIT_SUITE(net_test)
{
    each_failure_has_its_sentence();
    each_verb_names_itself();
    arguments_are_looked_at();
    spans_are_counted();
    the_rest_is_handed_on();
    groups_are_told_apart();
}
