/* The table of network semantics, over the network in memory: tests that stand on it stand on what every
 * driver promises: with a way that is perfect, and with one that takes its time. */
#include "sim/fakenet.h"

#include "tests/net/net_table.h"
#include "tests/unit/unit.h"

static struct fakenet pipes;
static struct fake_way way; /* of the suite that runs */

static struct nx_address address_of(const char *text)
{
    struct nx_address address = {.family = NX_ADDRESS_NONE};

    EXPECT_STATUS(nx_address_parse(nx_bytes_of_text(text), 0, &address, NULL), NX_OK);
    return address;
}

static void reset(void *self, struct nx_net *net)
{
    struct fakenet *p = self;

    for (uint32_t i = 0; i < p->host_count * FAKENET_SOCKETS; i++) {
        *net = fake_host_as_net(&p->hosts[0]);
        nx_net_close(net, p->sockets[i].handle);
    }
    EXPECT(p->host_count == 0 || fakenet_is_empty(p));
    fakenet_init(p, 1);
    p->way = way;
    struct fake_host *host = fakenet_add(p, address_of("192.0.2.1"));
    host->socket_max = NET_TABLE_SOCKETS;
    *net = fake_host_as_net(host);
}

static void wait_a_little(void *self)
{
    struct fakenet *p = self;

    p->now = nx_instant_after(p->now, nx_milliseconds(10));
    (void)fakenet_tick(p);
}

static struct nx_instant now(void *self)
{
    return ((struct fakenet *)self)->now;
}

static void judge(void)
{
    struct net_world world = {
        .self = &pipes,
        .reset = reset,
        .wait = wait_a_little,
        .now = now,
        .home = address_of("192.0.2.1"),
        .foreign = address_of("192.0.2.7"),
        .other = address_of("[::1]:9"),
        .group = address_of("239.42.0.1"),
    };

    world.group.scope = 1;
    net_table_run(&world);
}

UNIT_SUITE(fakenet_test)
{
    way = (struct fake_way){.rate = 0};
    judge();
}

UNIT_SUITE(fakenet_slow_test)
{
    way = (struct fake_way){.delay = nx_milliseconds(4), .rate = 100000000};
    judge();
}
