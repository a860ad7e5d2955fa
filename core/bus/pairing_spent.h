/* Spent digits: the codes a typist has given away and may not type again.
 *
 * Once a confirmation has left, whoever received it has had his one guess at the code. Typed again,
 * the same digits would be a second one, so they are refused, for any peer, until the code would
 * have expired. The digits themselves are not kept: a keyed hash of them is, under a key drawn for
 * the purpose, and it is wiped when the time is over. */
#ifndef NX_CORE_BUS_PAIRING_SPENT_H
#define NX_CORE_BUS_PAIRING_SPENT_H

#include "core/base/limits.h"
#include "core/base/rng.h"
#include "core/base/time.h"

#define DSB_PAIRING_SPENT_KEY_LEN 32

struct dsb_pairing_spent {
    uint8_t secret_key[DSB_PAIRING_SPENT_KEY_LEN];
    bool has_key;
    struct nx_instant all_until; /* after a restart: any digits may be spent until then */
    struct {
        uint8_t secret_tag[32];
        struct nx_instant until; /* zero, or past: free */
    } codes[DSB_PAIRING_ACCEPTS_PER_HOUR];
};

/* A code lives shorter than an hour, so no more can be spent at once than accepts are allowed. */
_Static_assert(DSB_PAIRING_CODE_LIFE_S <= 3600, "spent codes always fit");

/* Nothing spent, no key yet. */
void dsb_pairing_spent_init(struct dsb_pairing_spent *s);

/* Draw the key, if there is none yet. NX_OK, or what nx_rng_fill answers: nothing changed. */
NX_MUST_CHECK enum nx_status dsb_pairing_spent_prepare(struct dsb_pairing_spent *s,
                                                       const struct nx_rng *rng);

/* These digits have been given away; they come back at `until`. Prepared before. */
void dsb_pairing_spent_add(struct dsb_pairing_spent *s, struct nx_instant now,
                           const uint8_t secret_code[DSB_PAIRING_CODE_LEN],
                           struct nx_instant until);

/* Were they, and is it not over yet? Prepared before. Compares in constant time. */
bool dsb_pairing_spent_has(const struct dsb_pairing_spent *s, struct nx_instant now,
                           const uint8_t secret_code[DSB_PAIRING_CODE_LEN]);

/* Wipes what is over. */
void dsb_pairing_spent_tick(struct dsb_pairing_spent *s, struct nx_instant now);

/* When tick next has something to wipe; NX_NEVER when nothing is spent. */
struct nx_instant dsb_pairing_spent_deadline(const struct dsb_pairing_spent *s);

/* How long until no digits are spent: what a restart has to wait, as it cannot know which. */
struct nx_duration dsb_pairing_spent_left(const struct dsb_pairing_spent *s, struct nx_instant now);

/* Over a restart: nothing is known but that all digits are taken for spent until `until`. */
void dsb_pairing_spent_resume(struct dsb_pairing_spent *s, struct nx_instant until);

#endif
