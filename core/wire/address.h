/* Address: where a datagram came from, or where a session may be dialled, as plain data.
 *
 * Core never resolves a name and never asks an interface for its index: a driver hands addresses in
 * and takes them out. It stands in this room, the leftmost that turns text into structs, because the
 * machines of core/bus hold addresses and the facade of core/net, to their right, sends to them.
 *
 *     192.0.2.7            [2001:db8::7]            an address; the port is the caller's default
 *     192.0.2.7:37020      [2001:db8::7]:37020      with its port
 *     [fe80::1%3]:37020                             on the link behind interface number 3
 *
 * One address has one text and one struct: IPv6 is printed as RFC 5952 says, and an IPv4 address that
 * comes mapped into IPv6 (::ffff:192.0.2.7) is the IPv4 address. */
#ifndef NX_CORE_WIRE_ADDRESS_H
#define NX_CORE_WIRE_ADDRESS_H

#include "core/base/bytes.h"
#include "core/base/status.h"

enum nx_address_family {
    NX_ADDRESS_NONE = 0, /* the zero value: no address, as on localSim's in-memory link */
    NX_ADDRESS_IPV4 = 4,
    NX_ADDRESS_IPV6 = 6,
};

struct nx_address {
    enum nx_address_family family;
    uint8_t bytes[16]; /* in network order; IPv4: the first four, the others zero */
    uint16_t port;
    uint32_t scope; /* number of the interface, for link-local IPv6; 0: any */
};

/* Longest text with its terminator: brackets, 39 of IPv6, '%' and ten digits, ':' and five digits. */
#define NX_ADDRESS_TEXT_CAP (2 + 39 + 1 + 10 + 1 + 5 + 1)

struct nx_address nx_address_ipv4(const uint8_t bytes[4], uint16_t port);

/* The IPv4 address where `bytes` is a mapped one (RFC 4291 §2.5.5.2); `scope` is then dropped. */
struct nx_address nx_address_ipv6(const uint8_t bytes[16], uint16_t port, uint32_t scope);

/* Reads one of the forms above; `port` is what it gets when the text names none. Borrows `text`.
 * NX_OK; NX_E_MALFORMED: anything else, with `why` (which may be NULL) saying what: `out` stays. */
NX_MUST_CHECK enum nx_status nx_address_parse(struct nx_bytes text, uint16_t port,
                                              struct nx_address *out, struct nx_why *why);

/* The text with its port; "none" for no address. */
void nx_address_print(const struct nx_address *address, char text[NX_ADDRESS_TEXT_CAP]);

/* The same family, bytes, port and scope. */
bool nx_address_equal(const struct nx_address *a, const struct nx_address *b);

/* The same without the ports. */
bool nx_address_same_host(const struct nx_address *a, const struct nx_address *b);

/* 127.0.0.0/8 or ::1. */
bool nx_address_is_loopback(const struct nx_address *address);

#endif
