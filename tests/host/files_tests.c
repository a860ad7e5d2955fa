/* The suites of host/files, in reading order. */
#include "tests/unit/unit.h"

void files_test(void);
void files_crash_test(void);
void files_users_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"host/files", files_test},
        {"host/files_crash", files_crash_test},
        {"host/files_users", files_users_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
