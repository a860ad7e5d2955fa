/* Boot: how many times this device has started, so that what its beacons say today is known to be
 * newer than what they said before.
 *
 *     nothing there, or n starts                    the store says that n + 1 lasts
 *   ------------------------------> STORING --------------------------------------> KNOWN
 *     |                                |
 *     | damaged, unreadable,           | it does not last
 *     | newer, used up                 v
 *     `----------------------------> UNKNOWN
 *
 * The count is the upper half of the sequence of signed beacons (docs/contracts/discovery.md §2.2). It
 * has to last before the first beacon of this start leaves, and a number is never used twice: in doubt
 * there is none. Without it beacons go unsigned, which any reader understands, and `why` says so. What
 * is damaged stays as it is until a person takes it away; the next start then counts from one.
 *
 * This comes before the node, over a store of its own:
 *
 *     dsb_boot_init(&boot, loaded, text)        what the driver's load of DSB_BOOT_KEY answered
 *     dsb_boot_output(&boot, &store)            the write goes out, and is answered
 *     dsb_boot_stored(&boot, &stored)
 *     dsb_boot_sign(&boot, &config.beacon)      of the node's discovery
 */
#ifndef NX_CORE_NODE_BOOT_H
#define NX_CORE_NODE_BOOT_H

#include "core/base/limits.h"
#include "core/store/store.h"
#include "core/wire/beacon.h"

#define DSB_BOOT_KEY     "boot.json"
#define DSB_BOOT_VERSION 1

enum dsb_boot_state {
    DSB_BOOT_STORING,
    DSB_BOOT_KNOWN,
    DSB_BOOT_UNKNOWN,
};

struct dsb_boot {
    enum dsb_boot_state state;
    uint32_t count;    /* this start's */
    uint64_t sequence; /* of the write; 0: it has not gone out */
    struct nx_why why; /* of UNKNOWN */
};

/* What the store had: `loaded` is what its driver's load answered, `text` the value with NX_OK, which
 * is borrowed. The form is exactly {"version":1,"boots":N}, N from 1 to 4294967295, in any order and
 * with any white space. UNKNOWN, with a sentence in `why`, unless the count can go on. */
void dsb_boot_init(struct dsb_boot *boot, enum nx_status loaded, struct nx_bytes text);

/* Hands the new count to `store`, once. False: there is nothing to write, or the store has no room
 * now. Its values need DSB_BOOT_LEN_MAX bytes. */
bool dsb_boot_output(struct dsb_boot *boot, struct nx_store *store);

/* The store's news; false when it is about something else. NX_OK in it is KNOWN, all else UNKNOWN. */
bool dsb_boot_stored(struct dsb_boot *boot, const struct nx_store_event *stored);

/* Gives `beacon` the sequence of this start and a trailer when the count is KNOWN; takes its trailer
 * away when it is not. Name and TTL of the trailer are the caller's. */
void dsb_boot_sign(const struct dsb_boot *boot, struct dsb_beacon *beacon);

#endif
