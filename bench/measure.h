/* Measure: what every benchmark here prints with.
 *
 *     RESULT<tab>nexusnet<tab>workload<tab>metric<tab>value
 *
 * One line a number, on standard output; a line that begins with # is for people. A number means
 * something beside the others of the same run; across machines only their ratios do. */
#ifndef NX_BENCH_MEASURE_H
#define NX_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Says so when sanitizers or a missing optimizer make every number meaningless. */
void measure_begin(const char *what);

void measure_result(const char *workload, const char *metric, double value);

/* Runs `work` for BENCH_MS milliseconds (environment; 200 unless given) five times and answers the
 * nanoseconds that one call took in the median of them. */
double measure_ns(void (*work)(void *context), void *context);

/* measure_ns, printed as MB_per_s of `bytes` a call, or as ops_per_s where that is 0. */
void measure(const char *workload, size_t bytes, void (*work)(void *context), void *context);

/* Keeps a result alive that the optimizer would do without. */
static inline void measure_keep(const void *pointer)
{
    __asm__ volatile("" : : "r"(pointer) : "memory");
}

/* Ends the program with a sentence when what must hold does not. */
void measure_need(bool holds, const char *sentence);

#endif
