#include "bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 5

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

void measure_begin(const char *what)
{
    printf("# %s\n", what);
    if (HAS_SANITIZER)
        printf("# built with sanitizers: these numbers say nothing; "
               "meson setup --buildtype=release\n");
#ifndef __OPTIMIZE__
    printf("# built without optimization: these numbers say nothing\n");
#endif
}

void measure_result(const char *workload, const char *metric, double value)
{
    /* What was counted is printed to the last digit, what was measured to six. */
    bool is_whole = value < 1e15 && value == (double)(int64_t)value;

    printf(is_whole ? "RESULT\tnexusnet\t%s\t%s\t%.0f\n" : "RESULT\tnexusnet\t%s\t%s\t%.6g\n",
           workload, metric, value);
    fflush(stdout);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t round_ns(void)
{
    const char *text = getenv("BENCH_MS");
    unsigned long ms = text == NULL ? 200 : strtoul(text, NULL, 10);

    return (ms == 0 || ms > 10000 ? 200 : ms) * 1000000u / ROUNDS;
}

/* The clock is asked once per batch; batches grow until that no longer matters. */
static double one_round(void (*work)(void *context), void *context)
{
    uint64_t limit = round_ns();
    uint64_t count = 0, batch = 1, elapsed = 0;
    uint64_t start = now_ns();

    while (elapsed < limit) {
        for (uint64_t i = 0; i < batch; i++)
            work(context);
        count += batch;
        elapsed = now_ns() - start;
        if (elapsed < limit / 64)
            batch *= 2;
    }
    return (double)elapsed / (double)count;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double measure_ns(void (*work)(void *context), void *context)
{
    double ns[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++)
        ns[i] = one_round(work, context);
    qsort(ns, ROUNDS, sizeof(ns[0]), compare);
    return ns[ROUNDS / 2];
}

void measure(const char *workload, size_t bytes, void (*work)(void *context), void *context)
{
    double ns = measure_ns(work, context);

    if (bytes > 0)
        measure_result(workload, "MB_per_s", (double)bytes * 1000.0 / ns);
    else
        measure_result(workload, "ops_per_s", 1e9 / ns);
}

void measure_need(bool holds, const char *sentence)
{
    if (holds)
        return;
    fprintf(stderr, "bench: %s\n", sentence);
    exit(1);
}
