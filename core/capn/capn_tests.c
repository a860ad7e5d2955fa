/* The suites of this room, in reading order. */
#include "tests/unit/unit.h"

void frame_test(void);
void reader_test(void);
void builder_test(void);
void copy_test(void);
void packed_test(void);
void sample_test(void);
void generated_test(void);
void service_test(void);
void evolution_test(void);
void advisory_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"capn/frame", frame_test},         {"capn/reader", reader_test},
        {"capn/builder", builder_test},     {"capn/copy", copy_test},
        {"capn/packed", packed_test},       {"capn/sample", sample_test},
        {"capn/generated", generated_test}, {"capn/service", service_test},
        {"capn/evolution", evolution_test}, {"capn/advisory", advisory_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
