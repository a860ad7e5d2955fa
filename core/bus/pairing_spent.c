#include "core/bus/pairing_spent.h"

#include "core/crypto/hmac.h"

void dsb_pairing_spent_init(struct dsb_pairing_spent *s)
{
    *s = (struct dsb_pairing_spent){.has_key = false};
}

enum nx_status dsb_pairing_spent_prepare(struct dsb_pairing_spent *s, const struct nx_rng *rng)
{
    if (s->has_key)
        return NX_OK;

    enum nx_status status = nx_rng_fill(rng, s->secret_key, sizeof(s->secret_key));
    s->has_key = status == NX_OK;
    return status;
}

static void tag_of(const struct dsb_pairing_spent *s, const uint8_t code[DSB_PAIRING_CODE_LEN],
                   uint8_t tag[NX_SHA256_LEN])
{
    NX_CHECK(s->has_key);
    nx_hmac(tag, NX_HASH_SHA256, nx_bytes_of(s->secret_key, sizeof(s->secret_key)),
            nx_bytes_of(code, DSB_PAIRING_CODE_LEN));
}

void dsb_pairing_spent_add(struct dsb_pairing_spent *s, struct nx_instant now,
                           const uint8_t secret_code[DSB_PAIRING_CODE_LEN], struct nx_instant until)
{
    size_t at = 0;

    while (at < NX_COUNT_OF(s->codes) && !nx_instant_reached(s->codes[at].until, now))
        at++;
    NX_CHECK(at < NX_COUNT_OF(s->codes)); /* accepts are bounded, see the header */

    tag_of(s, secret_code, s->codes[at].secret_tag);
    s->codes[at].until = until;
}

bool dsb_pairing_spent_has(const struct dsb_pairing_spent *s, struct nx_instant now,
                           const uint8_t secret_code[DSB_PAIRING_CODE_LEN])
{
    uint8_t tag[NX_SHA256_LEN];
    bool found = false;

    tag_of(s, secret_code, tag);
    for (size_t i = 0; i < NX_COUNT_OF(s->codes); i++) {
        bool equal = nx_crypto_equal(s->codes[i].secret_tag, tag, sizeof(tag));

        found |= equal & !nx_instant_reached(s->codes[i].until, now);
    }
    nx_crypto_wipe(tag, sizeof(tag));
    return found;
}

void dsb_pairing_spent_tick(struct dsb_pairing_spent *s, struct nx_instant now)
{
    for (size_t i = 0; i < NX_COUNT_OF(s->codes); i++) {
        if (nx_instant_reached(s->codes[i].until, now))
            nx_crypto_wipe(&s->codes[i], sizeof(s->codes[i]));
    }
}

struct nx_instant dsb_pairing_spent_deadline(const struct dsb_pairing_spent *s)
{
    struct nx_instant first = NX_NEVER;

    for (size_t i = 0; i < NX_COUNT_OF(s->codes); i++) {
        if (s->codes[i].until.ns != 0)
            first = nx_instant_earlier(first, s->codes[i].until);
    }
    return first;
}

struct nx_duration dsb_pairing_spent_left(const struct dsb_pairing_spent *s, struct nx_instant now)
{
    struct nx_instant last = s->all_until;

    for (size_t i = 0; i < NX_COUNT_OF(s->codes); i++) {
        if (s->codes[i].until.ns > last.ns)
            last = s->codes[i].until;
    }
    return nx_duration_between(now, last);
}

void dsb_pairing_spent_resume(struct dsb_pairing_spent *s, struct nx_instant until)
{
    nx_crypto_wipe(s, sizeof(*s));
    s->all_until = until;
}
