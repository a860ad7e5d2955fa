/* <stdlib.h> for foreign code that the board compiles: there is no heap, and the end is a trap. */
#ifndef NX_OS_LIB_INCLUDE_STDLIB_H
#define NX_OS_LIB_INCLUDE_STDLIB_H

#include <stddef.h>

static inline void *malloc(size_t len)
{
    (void)len;
    return NULL;
}

static inline void free(void *memory)
{
    (void)memory;
}

static inline _Noreturn void abort(void)
{
    __builtin_trap();
}

#endif
