/* State: what a dsoftbusd keeps in its state folder, beside what its node stores.
 *
 *     DIR/identity.json     the device's seed: host/identity/identity_file.h
 *         boot.json         how often it has started: core/node/boot.h
 *         registry.json     the node's: who is paired
 *         v1.json           the node's: who comes as version 1, and who never again */
#ifndef NX_DAEMONS_DSOFTBUSD_STATE_H
#define NX_DAEMONS_DSOFTBUSD_STATE_H

#include "core/node/boot.h"
#include "core/node/node.h"
#include "host/files/files.h"
#include "host/identity/identity_file.h"

struct dsoftbusd_state {
    const char *path;
    struct nx_files files;
    struct nx_identity_file identity;
    struct dsb_boot boot;
    uint8_t value[NX_STORE_VALUE_MAX];
};

/* Opens the folder, which nobody else then can, reads or makes the identity, and counts this start, which
 * lasts before this returns. A start that cannot be counted is said, and is no failure: its beacons go
 * unsigned. Keeps `path`. False, with a line said: nothing is open. */
bool dsoftbusd_state_open(struct dsoftbusd_state *s, const char *path);

/* Forgets the identity and lets others have the folder. A closed one may be closed again. */
void dsoftbusd_state_close(struct dsoftbusd_state *s);

/* Hands the node what was stored, and starts it. What could not be read is said, and what that costs;
 * the node is up all the same. */
void dsoftbusd_state_start(struct dsoftbusd_state *s, struct nx_instant now, struct dsb_node *node);

/* Stores what the node wants stored just now. False: there was nothing. */
bool dsoftbusd_state_store(struct dsoftbusd_state *s, struct nx_instant now, struct dsb_node *node);

#endif
