/* Failing malloc: what happens when the nth request for memory is refused?
 *
 * A program is linked with failing_malloc.c and `failing_malloc_link_args` (meson.build); from then
 * on the requests of its own objects (not those of the C library) are counted here.
 *
 *     size_t n = 0;
 *     do {
 *         failing_malloc_begin(++n);
 *         … everything once; a refusal shows as a status, and nothing is lost …
 *     } while (failing_malloc_end());
 */
#ifndef NX_TESTS_HOST_FAILING_MALLOC_H
#define NX_TESTS_HOST_FAILING_MALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the `nth` request (1 is the next) fails, and only that one. */
void failing_malloc_begin(size_t nth);

/* No more failing. True: a request was refused, so there may be a further one to try. */
bool failing_malloc_end(void);

/* Requests since the last begin. */
size_t failing_malloc_count(void);

#endif
