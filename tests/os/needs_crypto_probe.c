/* A program that needs a crypto provider, linked where there is none. */
#include "core/crypto/crypto.h"

int main(void)
{
    return nx_crypto_init() == NX_OK ? 0 : 1;
}
