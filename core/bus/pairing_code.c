#include "core/bus/pairing_code.h"

#include "core/crypto/crypto.h"

enum nx_status dsb_pairing_code_draw(const struct nx_rng *rng,
                                     uint8_t secret_code[DSB_PAIRING_CODE_LEN])
{
    for (size_t i = 0; i < DSB_PAIRING_CODE_LEN; i++) {
        uint32_t digit = 0;
        enum nx_status status = nx_rng_below(rng, 10, &digit);

        if (status != NX_OK) {
            nx_crypto_wipe(secret_code, DSB_PAIRING_CODE_LEN);
            return status;
        }
        secret_code[i] = (uint8_t)('0' + digit);
    }
    return NX_OK;
}

enum nx_status dsb_pairing_code_read(struct nx_bytes typed,
                                     uint8_t secret_code[DSB_PAIRING_CODE_LEN])
{
    size_t count = 0;

    for (size_t i = 0; i < typed.len; i++) {
        uint8_t c = typed.ptr[i];

        if (c == ' ' || c == '-')
            continue;
        if (c < '0' || c > '9' || count == DSB_PAIRING_CODE_LEN) {
            count = 0;
            break;
        }
        secret_code[count++] = c;
    }
    if (count == DSB_PAIRING_CODE_LEN)
        return NX_OK;

    nx_crypto_wipe(secret_code, DSB_PAIRING_CODE_LEN);
    return NX_E_MALFORMED;
}
