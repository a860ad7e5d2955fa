/* The suites of host/net, in reading order. */
#include "tests/unit/unit.h"

void sockets_ipv4_test(void);
void sockets_ipv6_test(void);
void sockets_test(void);
void interfaces_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"host/sockets, IPv4", sockets_ipv4_test},
        {"host/sockets, IPv6", sockets_ipv6_test},
        {"host/sockets", sockets_test},
        {"host/interfaces", interfaces_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
