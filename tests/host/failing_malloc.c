#include "tests/host/failing_malloc.h"

#include <errno.h>

static size_t count;
static size_t fail_at; /* 0: none */

void *__real_malloc(size_t len);
void *__real_calloc(size_t item_count, size_t len);
void *__real_realloc(void *memory, size_t len);
void *__real_aligned_alloc(size_t alignment, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t item_count, size_t len);
void *__wrap_realloc(void *memory, size_t len);
void *__wrap_aligned_alloc(size_t alignment, size_t len);

void failing_malloc_begin(size_t nth)
{
    count = 0;
    fail_at = nth;
}

bool failing_malloc_end(void)
{
    bool is_refused = fail_at != 0 && count >= fail_at;

    fail_at = 0;
    return is_refused;
}

size_t failing_malloc_count(void)
{
    return count;
}

static bool is_refused(void)
{
    bool refused = ++count == fail_at;

    if (refused)
        errno = ENOMEM;
    return refused;
}

void *__wrap_malloc(size_t len)
{
    return is_refused() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t item_count, size_t len)
{
    return is_refused() ? NULL : __real_calloc(item_count, len);
}

void *__wrap_realloc(void *memory, size_t len)
{
    return is_refused() ? NULL : __real_realloc(memory, len);
}

void *__wrap_aligned_alloc(size_t alignment, size_t len)
{
    return is_refused() ? NULL : __real_aligned_alloc(alignment, len);
}
