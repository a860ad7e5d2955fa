/* The six digits: how they come to be, and how what a person types becomes them.
 *
 * A code is six ASCII digits and nothing else: never a number, so that a leading zero is a digit
 * like any other. It is a secret until it is spent. */
#ifndef NX_CORE_BUS_PAIRING_CODE_H
#define NX_CORE_BUS_PAIRING_CODE_H

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/rng.h"

/* Six digits, each of the ten as likely as the others, by rejection sampling.
 * NX_OK, or what nx_rng_below answers: `secret_code` is then zeroed. */
NX_MUST_CHECK enum nx_status dsb_pairing_code_draw(const struct nx_rng *rng,
                                                   uint8_t secret_code[DSB_PAIRING_CODE_LEN]);

/* What a person typed, without its spaces and hyphens.
 * NX_OK; NX_E_MALFORMED: what is left is not exactly six ASCII digits; `secret_code` is then
 * zeroed. */
NX_MUST_CHECK enum nx_status dsb_pairing_code_read(struct nx_bytes typed,
                                                   uint8_t secret_code[DSB_PAIRING_CODE_LEN]);

#endif
