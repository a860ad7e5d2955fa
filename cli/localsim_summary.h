/* What a run of the main job comes to, for people or for programs. */
#ifndef NX_CLI_LOCALSIM_SUMMARY_H
#define NX_CLI_LOCALSIM_SUMMARY_H

#include "core/crypto/crypto.h"

#include <stdbool.h>
#include <stdint.h>

struct dsb_pools;

/* How full one queue has been, against its limit. */
struct localsim_water {
    uint64_t high;
    uint64_t limit;
};

/* Of one node: its streams, the credit it granted, what it accepted and did not send, its blocks. */
enum {
    LOCALSIM_WATERS = 4
};

struct localsim_summary {
    uint64_t seed;
    uint64_t message_count;
    uint64_t message_bytes;
    uint64_t call_count;
    uint64_t file_bytes; /* that arrived */
    double seconds;      /* they took */
    char sha256[2 * NX_SHA256_LEN + 1];
    const char *received_as;
    uint32_t devices_reloaded;
    uint64_t registry_bytes;
    struct localsim_water self[LOCALSIM_WATERS];
    struct localsim_water peer[LOCALSIM_WATERS];
};

/* Read them off a node's pools. */
void localsim_summary_waters(struct localsim_water waters[LOCALSIM_WATERS],
                             const struct dsb_pools *pools);

/* To standard output: a table, with a blank line before it, or one JSON value. */
void localsim_summary_print(const struct localsim_summary *s);
void localsim_summary_print_json(const struct localsim_summary *s);

#endif
