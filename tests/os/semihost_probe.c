/* A program that ends in the way its command line asks for: `semihost` runs it and looks. */
#include "core/base/bytes.h"
#include "core/base/check.h"
#include "os/semihost/semihost.h"

static void check(void)
{
    volatile bool holds = false;

    NX_CHECK(holds);
}

static void undefined(void)
{
    volatile int places = 40;
    volatile int out = 1 << places;

    (void)out;
}

static void near_null(void)
{
    const volatile uint32_t *volatile at = (const volatile uint32_t *)8;

    (void)*at;
}

static const uint32_t constant = 7;

static void write_constant(void)
{
    volatile uintptr_t at = (uintptr_t)&constant;

    *(volatile uint32_t *)at = 8;
}

/* A frame of 1 KiB each time, far deeper than the stack. */
static uint32_t descend(uint32_t depth) /* NOLINT(misc-no-recursion): it is what is tested */
{
    volatile uint32_t frame[256];

    frame[0] = depth;
    return depth == 0 ? 0 : descend(depth - 1) + frame[0];
}

static void overflow_stack(void)
{
    volatile uint32_t result = descend(UINT32_MAX);

    (void)result;
}

static const struct {
    const char *word;
    void (*run)(void);
} probes[] = {
    {"check", check},          {"undefined", undefined},
    {"near-null", near_null},  {"constant", write_constant},
    {"stack", overflow_stack},
};

int main(void)
{
    char line[256];
    size_t len = semihost_command_line(line, sizeof(line));
    size_t start = len;

    /* The last word; the program's own name is before it. */
    while (start > 0 && line[start - 1] != ' ')
        start--;
    struct nx_bytes word = nx_bytes_of(line + start, len - start);

    for (size_t i = 0; i < NX_COUNT_OF(probes); i++) {
        if (nx_bytes_equal(word, nx_bytes_of_text(probes[i].word)))
            probes[i].run();
    }
    if (nx_bytes_equal(word, nx_bytes_of_text("seven")))
        return 7;
    return nx_bytes_equal(word, nx_bytes_of_text("nothing")) ? 0 : 1;
}
