#include "core/bus/announcer.h"

#include "core/base/memory.h"

struct nx_address dsb_announcer_group(size_t i)
{
    /* 239.42.0.1 and ff12::4e58:5342 (docs/contracts/discovery.md). */
    static const uint8_t ipv4[4] = {239, 42, 0, 1};
    static const uint8_t ipv6[16] = {
        0xff, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x4e, 0x58, 0x53, 0x42,
    };

    return i == 0 ? nx_address_ipv4(ipv4, DSB_DISCOVERY_PORT)
                  : nx_address_ipv6(ipv6, DSB_DISCOVERY_PORT, 0);
}

static void drop(struct dsb_announcer *a)
{
    a->is_unsigned = false;
    a->target_index = DSB_ANNOUNCER_GROUPS + a->config.unicast_count;
}

void dsb_announcer_init(struct dsb_announcer *a, const struct dsb_announcer_config *config,
                        uint64_t seed)
{
    NX_CHECK(config->unicast_count <= DSB_DISCOVERY_UNICAST_MAX);

    *a = (struct dsb_announcer){.config = *config, .due_at = NX_NEVER};
    for (size_t i = 0; i < config->unicast_count; i++)
        a->unicast[i] = config->unicast[i];
    a->config.unicast = NULL;
    nx_prng_init(&a->jitter, seed, "discovery jitter");
    drop(a);
}

static struct nx_duration draw_jitter(struct dsb_announcer *a)
{
    struct nx_rng rng = nx_prng_as_rng(&a->jitter);
    uint32_t bound = a->config.jitter_ms + (a->config.jitter_ms < UINT32_MAX);
    uint32_t jitter_ms = 0;

    /* A draw that is not given leaves the interval as it is. */
    (void)!nx_rng_below(&rng, bound, &jitter_ms);
    return nx_milliseconds(jitter_ms);
}

void dsb_announcer_set(struct dsb_announcer *a, struct nx_instant now, bool is_on, bool is_loopback)
{
    a->is_loopback = is_loopback;
    if (is_on == a->is_on)
        return;
    a->is_on = is_on;
    a->due_at = is_on ? nx_instant_after(now, draw_jitter(a)) : NX_NEVER;
    drop(a);
}

void dsb_announcer_hurry(struct dsb_announcer *a, struct nx_instant now)
{
    if (a->is_on)
        a->due_at = nx_instant_earlier(a->due_at, now);
}

struct nx_instant dsb_announcer_deadline(const struct dsb_announcer *a)
{
    return a->due_at;
}

static struct dsb_beacon beacon_of(const struct dsb_announcer *a, const struct dsb_neighbour *self)
{
    struct nx_reader r = nx_reader_over(nx_bytes_of(self->services, self->services_len));
    struct dsb_beacon b = {
        .device_id = dsb_neighbour_id(self),
        .port = self->port,
        .service_count = self->service_count,
        .has_trailer = a->config.has_trailer,
    };

    memcpy(b.noise_static, self->noise_static, sizeof(b.noise_static));
    for (size_t i = 0; i < b.service_count; i++)
        b.services[i] = nx_read_bytes(&r, nx_read_u8(&r));
    if (b.has_trailer) {
        b.sequence = (uint64_t)a->config.boot_count << 32 | a->sequence_count;
        b.ttl_s = a->config.ttl_s;
        b.name = nx_bytes_of_text(self->name);
    }
    return b;
}

void dsb_announcer_tick(struct dsb_announcer *a, struct nx_instant now,
                        const struct dsb_neighbour *self)
{
    struct nx_writer w = nx_writer_over(a->datagram, sizeof(a->datagram));

    if (!nx_instant_reached(a->due_at, now))
        return;
    if (a->sequence_count < UINT32_MAX)
        a->sequence_count++;

    /* Whatever `self` is, without its services it fits (core/base/limits.h). */
    struct dsb_beacon b = beacon_of(a, self);
    NX_CHECK(dsb_beacon_fit(&b, sizeof(a->datagram)) == NX_OK);
    NX_CHECK(dsb_beacon_encode_signed_part(&b, &w, NULL) == NX_OK);

    struct nx_instant next = nx_instant_after(now, nx_milliseconds(a->config.interval_ms));
    a->due_at = nx_instant_after(next, draw_jitter(a));
    a->datagram_len = w.len;
    a->is_unsigned = b.has_trailer;
    a->target_index = 0;
    a->announced_count++;
}

bool dsb_announcer_to_sign(const struct dsb_announcer *a, uint8_t message[DSB_BEACON_MESSAGE_MAX],
                           struct nx_bytes *span)
{
    if (!a->is_unsigned)
        return false;
    *span = dsb_beacon_message(nx_bytes_of(a->datagram, a->datagram_len), message);
    return true;
}

enum nx_status dsb_announcer_signed(struct dsb_announcer *a,
                                    const uint8_t signature[DSB_BEACON_SIGNATURE_LEN])
{
    if (!a->is_unsigned)
        return NX_E_STATE;
    memcpy(a->datagram + a->datagram_len, signature, DSB_BEACON_SIGNATURE_LEN);
    a->datagram_len += DSB_BEACON_SIGNATURE_LEN;
    a->is_unsigned = false;
    return NX_OK;
}

static bool is_target(const struct dsb_announcer *a, const struct nx_address *address)
{
    return !a->is_loopback || nx_address_is_loopback(address);
}

bool dsb_announcer_output(struct dsb_announcer *a, struct nx_address *to, struct nx_bytes *datagram)
{
    size_t end = DSB_ANNOUNCER_GROUPS + a->config.unicast_count;

    if (a->is_unsigned)
        return false;
    while (a->target_index >= DSB_ANNOUNCER_GROUPS && a->target_index < end &&
           !is_target(a, &a->unicast[a->target_index - DSB_ANNOUNCER_GROUPS]))
        a->target_index++;
    if (a->target_index >= end)
        return false;

    size_t i = a->target_index++;
    *to = i < DSB_ANNOUNCER_GROUPS ? dsb_announcer_group(i) : a->unicast[i - DSB_ANNOUNCER_GROUPS];
    *datagram = nx_bytes_of(a->datagram, a->datagram_len);
    return true;
}
