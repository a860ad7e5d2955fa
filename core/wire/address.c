#include "core/wire/address.h"

#include "core/base/memory.h"
#include "core/base/text.h"

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct nx_address nx_address_ipv4(const uint8_t bytes[4], uint16_t port)
{
    struct nx_address address = {.family = NX_ADDRESS_IPV4, .port = port};

    memcpy(address.bytes, bytes, 4);
    return address;
}

struct nx_address nx_address_ipv6(const uint8_t bytes[16], uint16_t port, uint32_t scope)
{
    if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0)
        return nx_address_ipv4(bytes + sizeof(mapped_prefix), port);

    struct nx_address address = {.family = NX_ADDRESS_IPV6, .port = port, .scope = scope};

    memcpy(address.bytes, bytes, 16);
    return address;
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool next_is(const struct nx_bytes *rest, char c)
{
    return rest->len > 0 && rest->ptr[0] == (uint8_t)c;
}

static bool take(struct nx_bytes *rest, char c)
{
    if (!next_is(rest, c))
        return false;
    *rest = nx_bytes_skip(*rest, 1);
    return true;
}

static int digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

/* Decimal, at most `max`, without leading zeros: 010 means eight to some readers. */
static bool take_decimal(struct nx_bytes *rest, uint32_t max, uint32_t *value)
{
    uint64_t sum = 0;
    size_t len = 0;

    for (; len < rest->len && digit_value(rest->ptr[len]) < 10; len++) {
        sum = sum * 10 + (uint64_t)digit_value(rest->ptr[len]);
        if (sum > max)
            return false;
    }
    if (len == 0 || (len > 1 && rest->ptr[0] == '0'))
        return false;

    *rest = nx_bytes_skip(*rest, len);
    *value = (uint32_t)sum;
    return true;
}

static bool take_ipv4(struct nx_bytes *rest, uint8_t bytes[4])
{
    for (size_t i = 0; i < 4; i++) {
        uint32_t value;

        if ((i > 0 && !take(rest, '.')) || !take_decimal(rest, 255, &value))
            return false;
        bytes[i] = (uint8_t)value;
    }
    return true;
}

/* One to four hexadecimal digits. */
static bool take_group(struct nx_bytes *rest, uint8_t group[2])
{
    uint32_t value = 0;
    size_t len = 0;

    for (; len < 4 && len < rest->len && digit_value(rest->ptr[len]) < 16; len++)
        value = value << 4 | (uint32_t)digit_value(rest->ptr[len]);
    if (len == 0)
        return false;

    *rest = nx_bytes_skip(*rest, len);
    group[0] = (uint8_t)(value >> 8);
    group[1] = (uint8_t)value;
    return true;
}

/* RFC 4291 §2.2: eight groups, one run of them left out as "::", the last two perhaps as IPv4. */
static bool take_ipv6(struct nx_bytes *rest, uint8_t bytes[16])
{
    uint8_t read[16];
    size_t len = 0;
    size_t gap = SIZE_MAX; /* where "::" stood */

    if (take(rest, ':')) {
        if (!take(rest, ':'))
            return false;
        gap = 0;
    }
    while (rest->len > 0 && (len != gap || digit_value(rest->ptr[0]) < 16)) {
        struct nx_bytes tail = *rest;

        if (len <= 12 && take_ipv4(&tail, read + len)) {
            *rest = tail;
            len += 4;
            break;
        }
        if (!take_group(rest, read + len))
            return false;
        len += 2;
        if (len == 16 || !take(rest, ':'))
            break;
        if (take(rest, ':')) {
            if (gap != SIZE_MAX)
                return false;
            gap = len;
        }
    }
    if (gap == SIZE_MAX ? len != 16 : len > 14)
        return false;

    size_t head_len = gap == SIZE_MAX ? len : gap;
    size_t tail_len = len - head_len;
    memset(bytes, 0, 16);
    memcpy(bytes, read, head_len);
    if (tail_len > 0)
        memcpy(bytes + 16 - tail_len, read + head_len, tail_len);
    return true;
}

static enum nx_status refuse(struct nx_why *why, const char *text)
{
    if (why != NULL)
        nx_why_set(why, text);
    return NX_E_MALFORMED;
}

enum nx_status nx_address_parse(struct nx_bytes text, uint16_t port, struct nx_address *out,
                                struct nx_why *why)
{
    struct nx_bytes rest = text;
    bool is_ipv6 = take(&rest, '[');
    uint8_t bytes[16];
    uint32_t scope = 0;
    uint32_t named_port = port;

    if (is_ipv6) {
        if (!take_ipv6(&rest, bytes))
            return refuse(why, "address: not an IPv6 address between the brackets");
        if (take(&rest, '%') && (!take_decimal(&rest, UINT32_MAX, &scope) || scope == 0))
            return refuse(why, "address: the scope is the number of an interface");
        if (!take(&rest, ']'))
            return refuse(why, "address: not an IPv6 address between the brackets");
    } else if (!take_ipv4(&rest, bytes)) {
        return refuse(why, "address: neither an IPv4 address nor an IPv6 address in brackets");
    }
    if (take(&rest, ':') && !take_decimal(&rest, UINT16_MAX, &named_port))
        return refuse(why, "address: the port is a number from 0 to 65535");
    if (rest.len > 0)
        return refuse(why, "address: something follows it");

    *out = is_ipv6 ? nx_address_ipv6(bytes, (uint16_t)named_port, scope)
                   : nx_address_ipv4(bytes, (uint16_t)named_port);
    return NX_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void print_ipv4(struct nx_text *t, const uint8_t bytes[4])
{
    for (size_t i = 0; i < 4; i++) {
        if (i > 0)
            nx_text_add(t, ".");
        nx_text_add_u64(t, bytes[i]);
    }
}

static uint32_t group_at(const uint8_t bytes[16], size_t i)
{
    return (uint32_t)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

static void print_group(struct nx_text *t, uint32_t group)
{
    static const char digits[] = "0123456789abcdef";
    int shift = 12;

    while (shift > 0 && group >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        nx_text_add_bytes(t, nx_bytes_of(&digits[group >> shift & 15], 1));
}

/* The run that "::" stands for: the longest, the first of equals, never a single group. */
static void find_gap(const uint8_t bytes[16], size_t *first, size_t *count)
{
    *first = 8;
    *count = 1;
    for (size_t i = 0; i < 8; i++) {
        size_t len = 0;

        while (i + len < 8 && group_at(bytes, i + len) == 0)
            len++;
        if (len > *count) {
            *first = i;
            *count = len;
        }
    }
}

static void print_ipv6(struct nx_text *t, const uint8_t bytes[16])
{
    size_t gap, gap_len;

    find_gap(bytes, &gap, &gap_len);
    for (size_t i = 0; i < 8; i++) {
        if (i == gap) {
            nx_text_add(t, "::");
            i += gap_len - 1;
            continue;
        }
        if (i > 0 && i != gap + gap_len)
            nx_text_add(t, ":");
        print_group(t, group_at(bytes, i));
    }
}

void nx_address_print(const struct nx_address *address, char text[NX_ADDRESS_TEXT_CAP])
{
    struct nx_text t = nx_text_over(text, NX_ADDRESS_TEXT_CAP);

    switch (address->family) {
    case NX_ADDRESS_NONE:
        nx_text_add(&t, "none");
        return;
    case NX_ADDRESS_IPV4:
        print_ipv4(&t, address->bytes);
        break;
    case NX_ADDRESS_IPV6:
        nx_text_add(&t, "[");
        print_ipv6(&t, address->bytes);
        if (address->scope != 0) {
            nx_text_add(&t, "%");
            nx_text_add_u64(&t, address->scope);
        }
        nx_text_add(&t, "]");
        break;
    }
    nx_text_add(&t, ":");
    nx_text_add_u64(&t, address->port);
}

/* ---- comparing ----------------------------------------------------------------------------- */

bool nx_address_same_host(const struct nx_address *a, const struct nx_address *b)
{
    return a->family == b->family && a->scope == b->scope &&
           memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool nx_address_equal(const struct nx_address *a, const struct nx_address *b)
{
    return nx_address_same_host(a, b) && a->port == b->port;
}

bool nx_address_is_loopback(const struct nx_address *address)
{
    static const uint8_t one[16] = {[15] = 1};

    if (address->family == NX_ADDRESS_IPV4)
        return address->bytes[0] == 127;
    return address->family == NX_ADDRESS_IPV6 && memcmp(address->bytes, one, sizeof(one)) == 0;
}
