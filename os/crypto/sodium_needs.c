/* What libsodium asks its machine for. Core draws its randomness from the nx_rng that it is handed and
 * calls nothing of libsodium that draws its own, so each of these is a mistake of ours. */
#include <sodium.h>

void randombytes_buf(void *out, size_t len)
{
    (void)out, (void)len;
    __builtin_trap();
}

void sodium_misuse(void)
{
    __builtin_trap();
}
