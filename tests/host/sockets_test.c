/* What sockets and libuv's header need, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/net/sockets.h"

#include "host/clock.h"
#include "host/net/interfaces.h"
#include "tests/net/net_table.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>

/* Sockets on loopback, one table of them, as a backend of the table of network semantics. */
struct machine {
    struct nx_loop loop;
    struct nx_sockets sockets;
    struct nx_socket places[NET_TABLE_SOCKETS];
    struct nx_handle_slot slots[NET_TABLE_SOCKETS];
};

static struct machine machine;

static void reset(void *self, struct nx_net *net)
{
    struct machine *m = self;

    if (m->sockets.loop != NULL) {
        nx_sockets_wipe(&m->sockets);
        EXPECT_EQ(m->sockets.handles.count, 0);
        EXPECT_EQ(m->sockets.dial_count, 0);
        EXPECT_EQ(m->sockets.paused_count, 0);
        nx_loop_wipe(&m->loop);
    }
    memset(m, 0, sizeof(*m));
    EXPECT_STATUS(nx_loop_init(&m->loop), NX_OK);
    nx_sockets_init(&m->sockets, &m->loop, m->places, m->slots, NET_TABLE_SOCKETS);
    *net = nx_sockets_as_net(&m->sockets);
}

static void wait_a_little(void *self)
{
    struct machine *m = self;
    struct nx_instant until = nx_instant_after(nx_clock_now(), nx_milliseconds(10));

    nx_loop_wait(&m->loop, nx_instant_earlier(until, nx_sockets_deadline(&m->sockets)));
    nx_sockets_tick(&m->sockets, nx_clock_now());
}

static struct nx_instant now(void *self)
{
    (void)self;
    return nx_clock_now();
}

static struct nx_address address_of(const char *text)
{
    struct nx_address address = {.family = NX_ADDRESS_NONE};

    EXPECT_STATUS(nx_address_parse(nx_bytes_of_text(text), 0, &address, NULL), NX_OK);
    return address;
}

/* Whether anybody can live there, on this machine. */
static bool can_live_at(const struct nx_address *home)
{
    struct nx_net net;
    struct nx_handle handle;

    reset(&machine, &net);
    return nx_net_listen(&net, home, 1, &handle, NULL) == NX_OK;
}

static void run_table(uint32_t interface_index, const char *home, const char *foreign,
                      const char *other, const char *group)
{
    struct net_world world = {
        .self = &machine,
        .reset = reset,
        .wait = wait_a_little,
        .now = now,
        .home = address_of(home),
        .foreign = address_of(foreign),
        .other = address_of(other),
        .group = address_of(group),
    };

    unit_row("this machine has the interface, and an address of this family on it");
    EXPECT(interface_index != 0);
    if (world.home.bytes[0] == 0xfe)
        world.home.scope = interface_index;
    world.group.scope = interface_index;
    if (!can_live_at(&world.home)) {
        unit_skip("it has not");
        return;
    }
    net_table_run(&world);
}

static uint32_t loopback_index(void)
{
    uint32_t index = 0;

    (void)!nx_interface_loopback(&index);
    return index;
}

UNIT_SUITE(sockets_ipv4_test)
{
    run_table(loopback_index(), "127.0.0.1", "192.0.2.7", "[::1]:9", "239.42.0.1");
}

UNIT_SUITE(sockets_ipv6_test)
{
    run_table(loopback_index(), "[::1]", "[2001:db8::7]", "127.0.0.1:9", "[ff12::4e58:5342]");
}

/* The same on the cable of n1 (tests/machines/netns), which carries groups of both families. */
static uint32_t cable_index(void)
{
    uint32_t index = 0;

    (void)!nx_interface_find("cable", &index);
    return index;
}

UNIT_SUITE(sockets_cable_ipv4_test)
{
    run_table(cable_index(), "10.77.0.1", "192.0.2.7", "[::1]:9", "239.42.0.1");
}

UNIT_SUITE(sockets_cable_ipv6_test)
{
    run_table(cable_index(), "[fe80::1]", "[2001:db8::7]", "127.0.0.1:9", "[ff12::4e58:5342]");
}

/* ---- what only sockets have ---------------------------------------------------------------- */

/* More places than dials. */
#define MANY (NX_SOCKETS_DIALS_MAX + 4)

static struct nx_socket many_places[MANY];
static struct nx_handle_slot many_slots[MANY];

static const struct nx_socket *place_of(struct nx_handle handle)
{
    return &machine.places[(uint32_t)handle.value];
}

/* Lets time pass until this event, which has to come. */
static void expect_event(const struct nx_net *net, struct nx_handle socket,
                         enum nx_net_event_kind kind, enum nx_status status)
{
    struct nx_net_event event = {.kind = NX_NET_DIALLED};
    bool has_come = false;

    for (int i = 0; i < 500 && !has_come; i++) {
        wait_a_little(&machine);
        while (!has_come && nx_net_event(net, &event))
            has_come = event.socket.value == socket.value && event.kind == kind;
    }
    EXPECT(has_come);
    EXPECT_STATUS(event.status, status);
}

static struct nx_handle listen_here(const struct nx_net *net, struct nx_address *at)
{
    struct nx_handle listener = NX_HANDLE_NONE;

    *at = address_of("127.0.0.1");
    EXPECT_STATUS(nx_net_listen(net, at, 8, &listener, NULL), NX_OK);
    EXPECT_STATUS(nx_net_local(net, listener, at), NX_OK);
    return listener;
}

static void expect_as_it_should_be(const struct nx_socket *socket)
{
    int no_delay = 0;
    socklen_t len = sizeof(no_delay);

    EXPECT((fcntl(socket->fd, F_GETFD) & FD_CLOEXEC) != 0);
    EXPECT((fcntl(socket->fd, F_GETFL) & O_NONBLOCK) != 0);
    if (socket->kind == NX_SOCKET_STREAM) {
        EXPECT(getsockopt(socket->fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len) == 0);
        EXPECT(no_delay != 0);
    }
}

static void descriptors(void)
{
    struct nx_net net;
    struct nx_address at, peer;
    struct nx_handle dialled, accepted, datagrams;

    unit_row("descriptors do not block, end at an exec, and streams hold nothing back");
    reset(&machine, &net);
    struct nx_handle listener = listen_here(&net, &at);
    EXPECT_STATUS(nx_net_connect(&net, &at, NX_NEVER, &dialled, NULL), NX_OK);
    expect_event(&net, dialled, NX_NET_DIALLED, NX_OK);
    EXPECT_STATUS(nx_net_accept(&net, listener, &accepted, &peer), NX_OK);
    EXPECT_STATUS(nx_net_bind(&net, &at, true, &datagrams, NULL), NX_OK);
    expect_as_it_should_be(place_of(listener));
    expect_as_it_should_be(place_of(dialled));
    expect_as_it_should_be(place_of(accepted));
    expect_as_it_should_be(place_of(datagrams));

    unit_row("a socket that is closed gives its descriptor back at once");
    int fd = place_of(accepted)->fd;
    nx_net_close(&net, accepted);
    EXPECT(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
}

static void dial_deadlines(void)
{
    struct nx_net net;
    struct nx_address at;
    struct nx_handle stream;
    struct nx_net_event event;

    unit_row("a dial has until its deadline, and no longer");
    reset(&machine, &net);
    (void)listen_here(&net, &at);
    EXPECT(nx_instant_is_never(nx_sockets_deadline(&machine.sockets)));
    EXPECT_STATUS(nx_net_connect(&net, &at, (struct nx_instant){1000}, &stream, NULL), NX_OK);
    EXPECT_EQ(nx_sockets_deadline(&machine.sockets).ns, 1000);
    nx_sockets_tick(&machine.sockets, (struct nx_instant){999});
    EXPECT(!nx_net_event(&net, &event));
    nx_sockets_tick(&machine.sockets, (struct nx_instant){1000});
    EXPECT_EQ(nx_sockets_deadline(&machine.sockets).ns, 0); /* there is news to take */
    EXPECT(nx_net_event(&net, &event));
    EXPECT_EQ(event.kind, NX_NET_DIALLED);
    EXPECT_STATUS(event.status, NX_E_TIMEOUT);
    EXPECT(!nx_net_event(&net, &event));
    EXPECT(nx_instant_is_never(nx_sockets_deadline(&machine.sockets)));

    unit_row("a dial that is over is not told again by the system's own answer");
    for (int i = 0; i < 5; i++)
        wait_a_little(&machine);
    EXPECT(!nx_net_event(&net, &event));
}

static void quiet_loop(void)
{
    struct nx_net net;
    struct nx_address at, peer;
    struct nx_handle dialled, accepted;
    struct nx_bytes byte = nx_bytes_of("x", 1);
    size_t sent;

    unit_row("bytes that nobody asks for do not keep the loop awake");
    reset(&machine, &net);
    struct nx_handle listener = listen_here(&net, &at);
    EXPECT_STATUS(nx_net_connect(&net, &at, NX_NEVER, &dialled, NULL), NX_OK);
    expect_event(&net, dialled, NX_NET_DIALLED, NX_OK);
    EXPECT_STATUS(nx_net_accept(&net, listener, &accepted, &peer), NX_OK);

    uint8_t room_byte;
    struct nx_net_room room = {&room_byte, 1};
    EXPECT_STATUS(nx_net_receive(&net, accepted, &room, 1, &sent), NX_WOULD_BLOCK);
    EXPECT_STATUS(nx_net_send(&net, dialled, &byte, 1, &sent), NX_OK);
    expect_event(&net, accepted, NX_NET_READABLE, NX_OK);

    struct nx_instant until = nx_instant_after(nx_clock_now(), nx_milliseconds(50));
    uint32_t turn_count = 0;
    for (; !nx_instant_reached(until, nx_clock_now()); turn_count++)
        nx_loop_wait(&machine.loop, until);
    EXPECT(turn_count <= 3);
}

static void untaken_news(void)
{
    struct nx_net net;
    struct nx_address at;
    struct nx_handle stream, other;
    struct nx_net_event event;

    unit_row("news of a socket that is closed is not told, and the place is let without it");
    reset(&machine, &net);
    (void)listen_here(&net, &at);
    EXPECT_STATUS(nx_net_connect(&net, &at, (struct nx_instant){1}, &stream, NULL), NX_OK);
    nx_sockets_tick(&machine.sockets, (struct nx_instant){1});
    nx_net_close(&net, stream);
    EXPECT(!nx_net_event(&net, &event));
    wait_a_little(&machine);
    EXPECT_STATUS(nx_net_bind(&net, &at, false, &other, NULL), NX_OK);
    EXPECT_EQ((uint32_t)other.value, (uint32_t)stream.value);
    EXPECT(!nx_net_event(&net, &event));

    unit_row("whoever moved in is told its own");
    EXPECT_STATUS(nx_net_connect(&net, &at, (struct nx_instant){1}, &stream, NULL), NX_OK);
    nx_sockets_tick(&machine.sockets, (struct nx_instant){1});
    EXPECT(nx_net_event(&net, &event));
    EXPECT_EQ(event.socket.value, stream.value);
    EXPECT(!nx_net_event(&net, &event));
}

static void many_dials(void)
{
    struct nx_net net;
    struct nx_address at;
    struct nx_handle streams[NX_SOCKETS_DIALS_MAX + 1];
    struct nx_net_fault fault;

    unit_row("one dial more than may be under way is refused, and begins when one is over");
    reset(&machine, &net);
    memset(many_places, 0, sizeof(many_places));
    nx_sockets_init(&machine.sockets, &machine.loop, many_places, many_slots, MANY);
    (void)listen_here(&net, &at);
    for (size_t i = 0; i < NX_SOCKETS_DIALS_MAX; i++)
        EXPECT_STATUS(nx_net_connect(&net, &at, NX_NEVER, &streams[i], NULL), NX_OK);
    EXPECT_STATUS(nx_net_connect(&net, &at, NX_NEVER, &streams[NX_SOCKETS_DIALS_MAX], &fault),
                  NX_E_NO_MEMORY);
    EXPECT_EQ(fault.failure, NX_NET_FULL);
    nx_net_close(&net, streams[3]);
    EXPECT_STATUS(nx_net_connect(&net, &at, NX_NEVER, &streams[3], NULL), NX_OK);
    EXPECT_STATUS(nx_net_connect(&net, &at, NX_NEVER, &streams[NX_SOCKETS_DIALS_MAX], NULL),
                  NX_E_NO_MEMORY);
}

static void no_descriptors(void)
{
    struct nx_net net;
    struct nx_address at, peer;
    struct nx_handle dialled, accepted, refused;
    struct rlimit limit, none;

    unit_row("without descriptors nothing opens, and accept goes on by itself when there are some");
    reset(&machine, &net);
    struct nx_handle listener = listen_here(&net, &at);
    EXPECT_STATUS(nx_net_connect(&net, &at, NX_NEVER, &dialled, NULL), NX_OK);
    expect_event(&net, dialled, NX_NET_DIALLED, NX_OK);

    EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    none = limit;
    none.rlim_cur = 0;
    EXPECT(setrlimit(RLIMIT_NOFILE, &none) == 0);
    enum nx_status accept_status = nx_net_accept(&net, listener, &accepted, &peer);
    enum nx_status connect_status = nx_net_connect(&net, &at, NX_NEVER, &refused, NULL);
    enum nx_status bind_status = nx_net_bind(&net, &at, false, &refused, NULL);
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    EXPECT_STATUS(accept_status, NX_E_NO_MEMORY);
    EXPECT_STATUS(connect_status, NX_E_NO_MEMORY);
    EXPECT_STATUS(bind_status, NX_E_NO_MEMORY);

    expect_event(&net, listener, NX_NET_ACCEPTABLE, NX_OK);
    EXPECT_STATUS(nx_net_accept(&net, listener, &accepted, &peer), NX_OK);
    EXPECT_STATUS(nx_net_accept(&net, listener, &accepted, &peer), NX_WOULD_BLOCK);
}

static void families(void)
{
    struct nx_net net;
    struct nx_address at = address_of("0.0.0.0"), at6 = address_of("[::]");
    struct nx_handle listener;
    struct nx_net_fault fault;

    unit_row("IPv6 is IPv6 alone: both families have a port of their own number");
    reset(&machine, &net);
    if (!can_live_at(&at6)) {
        unit_skip("this machine has no IPv6");
        return;
    }
    reset(&machine, &net);
    EXPECT_STATUS(nx_net_listen(&net, &at6, 8, &listener, NULL), NX_OK);
    EXPECT_STATUS(nx_net_local(&net, listener, &at6), NX_OK);
    at.port = at6.port;
    EXPECT_STATUS(nx_net_listen(&net, &at, 8, &listener, &fault), NX_OK);
    EXPECT_STATUS(nx_net_bind(&net, &at6, false, &listener, NULL), NX_OK);
    EXPECT_STATUS(nx_net_bind(&net, &at, false, &listener, NULL), NX_OK);
}

static void interfaces(void)
{
    uint32_t index = 7;

    unit_row("an interface that is not there is not found");
    EXPECT_STATUS(nx_interface_find("no such one", &index), NX_E_NOT_FOUND);
    EXPECT_EQ(index, 7);

    unit_row("the loopback interface has a number");
    EXPECT_STATUS(nx_interface_loopback(&index), NX_OK);
    EXPECT(index > 0);
}

UNIT_SUITE(sockets_test)
{
    descriptors();
    dial_deadlines();
    quiet_loop();
    untaken_news();
    many_dials();
    no_descriptors();
    families();
    interfaces();

    struct nx_net net;
    reset(&machine, &net); /* the last row's sockets are closed and the loop is empty */
    nx_sockets_wipe(&machine.sockets);
    nx_loop_wipe(&machine.loop);
    machine.sockets.loop = NULL;
}
