/* madvise, mlock2. */
#define _GNU_SOURCE

#include "host/identity/secret_memory.h"

#include "core/base/text.h"
#include "core/crypto/crypto.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_len(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* In whole pages. */
static size_t inner_len(size_t len)
{
    return (len + page_len() - 1) / page_len() * page_len();
}

static enum nx_status refuse(struct nx_why *why, const char *what)
{
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    nx_text_add(&t, "memory for secrets: ");
    nx_text_add(&t, what);
    nx_text_add(&t, ": ");
    nx_text_add(&t, strerror(errno));
    return NX_E_NO_MEMORY;
}

/* Makes the inside of the mapping at `outer` what the header says. */
static enum nx_status prepare(uint8_t *outer, size_t len, struct nx_why *why)
{
    uint8_t *inner = outer + page_len();

    if (mprotect(inner, len, PROT_READ | PROT_WRITE) != 0)
        return refuse(why, "cannot be used");
    if (madvise(inner, len, MADV_DONTDUMP) != 0)
        return refuse(why, "cannot be left out of core dumps");
    /* As mlock, which a build with AddressSanitizer replaces by nothing. */
    if (mlock2(inner, len, 0) != 0)
        return refuse(why, "cannot be locked (ulimit -l)");
    return NX_OK;
}

enum nx_status nx_secret_memory_map(struct nx_secret_memory *m, size_t len, struct nx_why *why)
{
    size_t outer_len = inner_len(len) + 2 * page_len();

    *m = (struct nx_secret_memory){.ptr = NULL};
    uint8_t *outer = mmap(NULL, outer_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (outer == MAP_FAILED)
        return refuse(why, "cannot be had");

    enum nx_status status = prepare(outer, inner_len(len), why);
    if (status != NX_OK)
        munmap(outer, outer_len);
    else
        *m = (struct nx_secret_memory){.ptr = outer + page_len(), .len = len};
    return status;
}

void nx_secret_memory_unmap(struct nx_secret_memory *m)
{
    if (m->ptr == NULL)
        return;
    nx_crypto_wipe(m->ptr, inner_len(m->len));
    munmap((uint8_t *)m->ptr - page_len(), inner_len(m->len) + 2 * page_len());
    *m = (struct nx_secret_memory){.ptr = NULL};
}
