#include "tests/unit/unit.h"

void books_test(void);
void clock_test(void);
void disk_test(void);
void marks_test(void);
void options_test(void);
void timeline_test(void);
void trace_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"sim/books", books_test}, {"sim/clock", clock_test},     {"sim/disk", disk_test},
        {"sim/marks", marks_test}, {"sim/options", options_test}, {"sim/timeline", timeline_test},
        {"sim/trace", trace_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
