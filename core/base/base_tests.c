/* The suites of this room. */
#include "tests/unit/unit.h"

void backoff_test(void);
void bucket_test(void);
void budget_test(void);
void bytes_test(void);
void chain_test(void);
void fifo_test(void);
void handle_test(void);
void hex_test(void);
void json_test(void);
void json_writer_test(void);
void marker_test(void);
void pool_test(void);
void ring_test(void);
void rng_test(void);
void siphash_test(void);
void status_test(void);
void text_test(void);
void time_test(void);

int main(void)
{
    /* clang-format off */
    static const struct unit_suite suites[] = {
        {"base/backoff", backoff_test},
        {"base/bucket", bucket_test},
        {"base/budget", budget_test},
        {"base/bytes", bytes_test},
        {"base/chain", chain_test},
        {"base/fifo", fifo_test},
        {"base/handle", handle_test},
        {"base/hex", hex_test},
        {"base/json", json_test},
        {"base/json_writer", json_writer_test},
        {"base/marker", marker_test},
        {"base/pool", pool_test},
        {"base/ring", ring_test},
        {"base/rng", rng_test},
        {"base/siphash", siphash_test},
        {"base/status", status_test},
        {"base/text", text_test},
        {"base/time", time_test},
    };
    /* clang-format on */

    return unit_run(suites, NX_COUNT_OF(suites));
}
