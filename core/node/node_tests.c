/* The suites of this room, in reading order. */
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

void judge_test(void);
void link_test(void);
void node_test(void);
void node_pairing_test(void);
void sessions_test(void);
void v1_list_test(void);
void boot_test(void);
void beacons_test(void);
void reach_test(void);
void diagnosis_test(void);

int main(void)
{
    /* clang-format off */
    static const struct unit_suite suites[] = {
        {"node/link", link_test},         {"node/node", node_test},
        {"node/judge", judge_test},       {"node/pairing", node_pairing_test},
        {"node/sessions", sessions_test}, {"node/v1_list", v1_list_test},
        {"node/boot", boot_test},         {"node/beacons", beacons_test},
        {"node/reach", reach_test},       {"node/diagnosis", diagnosis_test},
    };
    /* clang-format on */

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
