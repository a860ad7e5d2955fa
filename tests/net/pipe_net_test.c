/* The table of network semantics, over the network in memory: tests that stand on it stand on what every
 * driver promises. */
#include "tests/net/pipe_net.h"

#include "tests/net/net_table.h"
#include "tests/unit/unit.h"

static struct pipe_net pipes;

static struct nx_address address_of(const char *text)
{
    struct nx_address address = {.family = NX_ADDRESS_NONE};

    EXPECT_STATUS(nx_address_parse(nx_bytes_of_text(text), 0, &address, NULL), NX_OK);
    return address;
}

static void reset(void *self, struct nx_net *net)
{
    struct pipe_net *p = self;

    for (uint32_t i = 0; i < p->host_count * PIPE_NET_SOCKETS; i++) {
        *net = pipe_host_as_net(&p->hosts[0]);
        nx_net_close(net, p->sockets[i].handle);
    }
    EXPECT(p->host_count == 0 || pipe_net_is_empty(p));
    pipe_net_init(p);
    struct pipe_host *host = pipe_net_add(p, address_of("192.0.2.1"));
    host->socket_max = NET_TABLE_SOCKETS;
    *net = pipe_host_as_net(host);
}

static void wait_a_little(void *self)
{
    struct pipe_net *p = self;

    p->now = nx_instant_after(p->now, nx_milliseconds(10));
    (void)pipe_net_tick(p);
}

static struct nx_instant now(void *self)
{
    return ((struct pipe_net *)self)->now;
}

UNIT_SUITE(pipe_net_test)
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
