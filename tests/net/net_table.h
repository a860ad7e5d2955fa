/* The table of network semantics: what docs/contracts/net.md promises, as rows.
 *
 * It is written against a driver of core/net and a clock, so that the same rows, unchanged, judge every
 * backend: sockets on loopback, the simulator's network, netstackd. Both ends of everything belong to
 * one driver. Ports are chosen by the driver. */
#ifndef NX_TESTS_NET_NET_TABLE_H
#define NX_TESTS_NET_NET_TABLE_H

#include "core/net/net.h"

/* Sockets that the driver's table has room for. */
#define NET_TABLE_SOCKETS 12

/* One backend. */
struct net_world {
    void *self;

    /* Begin afresh: nothing is open, NET_TABLE_SOCKETS places are free. */
    void (*reset)(void *self, struct nx_net *net);

    /* Let time pass until something comes, 10 ms at most, and tick the driver. */
    void (*wait)(void *self);

    struct nx_instant (*now)(void *self);

    struct nx_address home;    /* where everybody lives; port 0 */
    struct nx_address foreign; /* of the same family, and nobody's here */
    struct nx_address other;   /* of the other family, with a port */
    struct nx_address group;   /* with the interface in `scope` */
};

/* Run every row. */
void net_table_run(const struct net_world *world);

#endif
