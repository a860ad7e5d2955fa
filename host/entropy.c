#include "host/entropy.h"

#include <errno.h>
#include <sys/random.h>

static enum nx_status fill(void *source, uint8_t *out, size_t len)
{
    (void)source;
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return NX_E_IO;
        out += got;
        len -= (size_t)got;
    }
    return NX_OK;
}

struct nx_rng nx_entropy(void)
{
    return (struct nx_rng){.fill = fill};
}
