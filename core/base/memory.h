/* Memory: the four functions that core takes from outside.
 *
 * A compiler may call them on its own account, so every world has them; core declares them itself
 * because <string.h> belongs to a C library and core has none. */
#ifndef NX_CORE_BASE_MEMORY_H
#define NX_CORE_BASE_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#endif
