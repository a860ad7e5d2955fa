/* localSim: two nodes in one process, joined by an in-memory link; no socket, no disk, no clock of
 * its own. The reference backend: what it does, every other backend does (docs/contracts/streams.md).
 *
 *     self <==== beacons, links in plaintext ====> peer-sim-01
 *
 * Both are the same `struct dsb_node`; nothing about peer-sim-01 is special. Everything follows from
 * the seed and the calls: keys, codes, jitter. Admission, which over sockets is Noise and two signed
 * messages, is here a look into both registries.
 *
 * The owner holds both ends, so it plays both persons: it shows a code on one node and types it on
 * the other. (Seed 000.) */
#ifndef NX_CORE_LOCALSIM_LOCALSIM_H
#define NX_CORE_LOCALSIM_LOCALSIM_H

#include "core/node/node.h"

#define DSB_LOCALSIM_SELF_ID "self"
#define DSB_LOCALSIM_PEER_ID "peer-sim-01"

enum dsb_localsim_side {
    DSB_LOCALSIM_SELF,
    DSB_LOCALSIM_PEER,
};
#define DSB_LOCALSIM_SIDES 2

/* One connection between the two, as each of them numbers it. */
struct dsb_localsim_wire {
    bool is_up;
    uint32_t link[DSB_LOCALSIM_SIDES];
};

#define DSB_LOCALSIM_WIRES 4

struct dsb_localsim {
    uint64_t seed;
    struct nx_prng prng[DSB_LOCALSIM_SIDES];
    struct dsb_node nodes[DSB_LOCALSIM_SIDES];
    struct dsb_localsim_wire wires[DSB_LOCALSIM_WIRES];
    uint64_t carried_bytes; /* over all wires, both ways */
    uint8_t record[DSB_FRAME_MAX];
};

/* Bytes for both nodes. */
uint64_t dsb_localsim_memory_size(const struct dsb_profile *profile);

/* Two nodes that know nothing of each other. `markers` are self's; peer-sim-01 prints none. Keeps
 * `profile`, `markers` and `memory` (dsb_localsim_memory_size bytes, aligned to 16); may not move.
 * Then start both nodes with what their stores hold (dsb_node_start).
 * NX_OK; NX_E_INVALID: too little memory, or a profile over a limit. */
NX_MUST_CHECK enum nx_status dsb_localsim_init(struct dsb_localsim *sim, struct nx_instant now,
                                               uint64_t seed, const struct dsb_profile *profile,
                                               struct nx_markers *markers, void *memory,
                                               uint64_t memory_size);

void dsb_localsim_wipe(struct dsb_localsim *sim);

static inline struct dsb_node *dsb_localsim_node(struct dsb_localsim *sim,
                                                 enum dsb_localsim_side side)
{
    return &sim->nodes[side];
}

/* One step at `now`: time passes for both, beacons are exchanged, dials answered, and on each wire
 * one record at most goes each way. True when something moved. */
bool dsb_localsim_step(struct dsb_localsim *sim, struct nx_instant now);

/* The earlier of both nodes' deadlines: when to step again though nothing moves. */
struct nx_instant dsb_localsim_deadline(const struct dsb_localsim *sim);

/* Cut every wire, without a word. */
void dsb_localsim_cut(struct dsb_localsim *sim, struct nx_instant now);

#endif
