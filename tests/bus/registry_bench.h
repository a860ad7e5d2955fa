/* For tests: one registry over a store over memory. The values in it stay when the rest starts anew. */
#ifndef NX_TESTS_BUS_REGISTRY_BENCH_H
#define NX_TESTS_BUS_REGISTRY_BENCH_H

#include "core/bus/registry.h"
#include "core/store/memory.h"

enum {
    BENCH_PEER_CAP = 3,
    BENCH_VALUE_CAP = 4096,
    BENCH_HELD_CAP = 4,
};

struct bench {
    struct dsb_registry registry;
    struct dsb_peer peers[BENCH_PEER_CAP];
    struct nx_store store;
    struct nx_store_memory disk;
    uint8_t waiting[2 * BENCH_VALUE_CAP];
    uint8_t held[BENCH_HELD_CAP * BENCH_VALUE_CAP];
    uint8_t loaded[BENCH_VALUE_CAP];
    struct nx_json_node nodes[DSB_REGISTRY_NODES_MAX];
};

/* The one of a test program. */
extern struct bench bench;

/* A registry that was not loaded yet, over the same disk. */
void bench_start(void);

/* What lies on the disk, loaded: what dsb_registry_load answers. */
enum nx_status bench_load(void);
enum nx_status bench_restart(void); /* start, and load */

/* Loaded from a disk with nothing on it. */
void bench_begin(void);

/* What a node's loop does until nothing is left to do. */
void bench_pump(void);

void bench_expect_event(enum dsb_registry_act act, const char *id_text, enum nx_status status);
void bench_expect_no_event(void);

/* A peer of that name, `key` in each byte of its keys. */
struct dsb_peer bench_peer(const char *id_text, uint8_t key);

/* Add such a peer: what dsb_registry_add answers. `have`: it is stored and told, too. */
enum nx_status bench_add(const char *id_text, uint8_t key);
void bench_have(const char *id_text, uint8_t key);

bool bench_is_paired(const char *id_text);

/* What lies on the disk under a name: the empty span when nothing does. */
struct nx_bytes bench_on_disk(const char *name);
void bench_put_on_disk(const char *text); /* as the registry's value */

#endif
