/* Interfaces: the numbers that core knows them by, and which of those that a person chose are up.
 *
 *     nx_interface_watch_add(&watch, "eth0")         --iface eth0
 *     if (nx_interface_watch_tick(&watch, now))      every so often; true at first, when one is up
 *         dsb_beacons_set_interfaces(b, now, watch.up, watch.up_count)
 *
 * A number names an interface as long as it is there: one that is taken away and comes back has
 * another. So a choice is a name, which may also be of something that is not plugged in yet. */
#ifndef NX_HOST_NET_INTERFACES_H
#define NX_HOST_NET_INTERFACES_H

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/base/time.h"
#include "core/bus/networks.h"
#include "core/wire/address.h"

#define NX_INTERFACE_NAME_CAP 16 /* with the terminator, as Linux has it */
#define NX_INTERFACE_LOOK_S   5  /* between two looks: it need not be noticed sooner */

/* The number of the interface called `name` ("eth0").
 * NX_OK; NX_E_NOT_FOUND: there is none. `index` is then untouched. */
NX_MUST_CHECK enum nx_status nx_interface_find(const char *name, uint32_t *index);

/* The number of the loopback interface, whatever it is called.
 * NX_OK; NX_E_NOT_FOUND: there is none that is up; NX_E_NO_MEMORY. */
NX_MUST_CHECK enum nx_status nx_interface_loopback(uint32_t *index);

/* The networks that this machine is on: each address of each interface that is up, with its prefix, at
 * most `cap` of them.
 * NX_OK: `*count` of them in `list`; NX_E_NO_MEMORY: the system does not answer; nothing changed. */
NX_MUST_CHECK enum nx_status nx_interface_networks(struct dsb_network *list, size_t cap,
                                                   size_t *count);

enum nx_interface_state {
    NX_INTERFACE_MISSING, /* there is none of that name */
    NX_INTERFACE_DOWN,    /* not up, or nothing comes through */
    NX_INTERFACE_UP,
};

/* How the interface called `name` is just now. */
enum nx_interface_state nx_interface_look(const char *name);

/* One address of this machine, with its prefix, on the interface of that number. */
struct nx_interface_address {
    uint32_t interface_index;
    struct nx_address address; /* port 0 */
    uint8_t prefix_len;
};

/* The addresses of all interfaces that are up: at most `cap` into `out`. Answers how many; 0 as well when
 * the system does not say. */
uint32_t nx_interface_addresses(struct nx_interface_address *out, uint32_t cap);

/* The names of those that are there now, "lo, eth0, wlan0", each once, as many as fit; empty when the
 * system does not say. Answers the length. */
size_t nx_interface_list(char *names, size_t cap);

struct nx_interface_watch {
    char names[DSB_BEACONS_INTERFACES_MAX][NX_INTERFACE_NAME_CAP];
    uint32_t name_count;
    struct nx_instant look_at;
    uint32_t up[DSB_BEACONS_INTERFACES_MAX]; /* in the order of the names, each once */
    uint32_t up_count;
};

/* Nothing is chosen. */
void nx_interface_watch_init(struct nx_interface_watch *w);

/* Watch this one, too; whether it is there shows. Copies. Twice is fine.
 * NX_OK; NX_E_INVALID: no interface can have that name; NX_E_LIMIT: DSB_BEACONS_INTERFACES_MAX are
 * watched. */
NX_MUST_CHECK enum nx_status nx_interface_watch_add(struct nx_interface_watch *w, const char *name);

/* Looks, when it is due. True: `up` is not what it was. Without an answer of the system nothing
 * changes. */
bool nx_interface_watch_tick(struct nx_interface_watch *w, struct nx_instant now);

/* When to look next; NX_NEVER when nothing is chosen. */
struct nx_instant nx_interface_watch_deadline(const struct nx_interface_watch *w);

#endif
