/* The suites of host/net, in reading order. With the word "cable": those that need a machine with a
 * cable (tests/machines/netns), which loopback is no substitute for. */
#include "tests/unit/unit.h"

#include <string.h>

void sockets_ipv4_test(void);
void sockets_ipv6_test(void);
void sockets_test(void);
void interfaces_test(void);
void sockets_cable_ipv4_test(void);
void sockets_cable_ipv6_test(void);

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"host/sockets, IPv4", sockets_ipv4_test},
        {"host/sockets, IPv6", sockets_ipv6_test},
        {"host/sockets", sockets_test},
        {"host/interfaces", interfaces_test},
    };
    static const struct unit_suite cable_suites[] = {
        {"host/sockets on a cable, IPv4", sockets_cable_ipv4_test},
        {"host/sockets on a cable, IPv6", sockets_cable_ipv6_test},
    };

    if (argc == 2 && strcmp(argv[1], "cable") == 0)
        return unit_run(cable_suites, NX_COUNT_OF(cable_suites));
    return unit_run(suites, NX_COUNT_OF(suites));
}
