/* Datagrams: beacons said again, changed, forged; and what is heard of others'. */
#include "core/base/memory.h"
#include "sim/world.h"

enum {
    BEACON_LEAST_MS = 100,
    BEACON_MOST_MS = 4000,
    TTL_MAX_S = 200, /* what it makes up is forgotten within the calm */
    CROWD_MAX = 100, /* devices that are not there, at once */
};

static void hear(struct sim_world *w)
{
    struct sim_hostile *h = &w->hostile;

    while (h->may_hear) {
        uint8_t bytes[NX_NET_DATAGRAM_MAX];
        struct nx_net_datagram head;
        enum nx_status status = nx_net_receive_from(
            &h->nets[1], h->ear, (struct nx_net_room){bytes, sizeof(bytes)}, &head);
        size_t slot = h->beacon_count % SIM_HOSTILE_HEARD;

        h->may_hear = status == NX_OK;
        if (status != NX_OK || head.len > DSB_BEACON_MAX || head.from.bytes[2] != 0)
            continue;
        memcpy(h->beacons[slot].bytes, bytes, head.len);
        h->beacons[slot].len = head.len;
        h->beacon_count++;
    }
}

static void announce(struct sim_hostile *h, uint32_t host, struct nx_bytes bytes)
{
    struct nx_address to = dsb_announcer_group(0);
    struct nx_address from = h->hosts[host]->address;
    struct nx_handle mouth;

    if (nx_net_bind(&h->nets[host], &from, true, &mouth, NULL) != NX_OK)
        return;
    (void)!nx_net_send_to(&h->nets[host], mouth, &to, bytes);
    nx_net_close(&h->nets[host], mouth);
    h->announced_count++;
}

/* What it heard of somebody, as it was or changed. */
static size_t say_again(struct sim_hostile *h, uint8_t bytes[NX_NET_DATAGRAM_MAX])
{
    uint32_t count = sim_hostile_kept(h->beacon_count);
    uint32_t slot = count == 0 ? 0 : sim_hostile_draw(h, 0, count - 1);
    size_t len = count == 0 ? 0 : h->beacons[slot].len;

    memcpy(bytes, h->beacons[slot].bytes, len);
    return len;
}

/* In the name of a device of this world, or of one that is not there. */
static size_t forge(struct sim_world *w, uint8_t bytes[NX_NET_DATAGRAM_MAX])
{
    struct sim_hostile *h = &w->hostile;
    const struct sim_device *of = &w->devices[sim_hostile_draw(h, 0, w->device_count - 1)];
    struct nx_writer out = nx_writer_over(bytes, NX_NET_DATAGRAM_MAX);
    uint8_t raw[DSB_ID_LEN];
    struct dsb_identity made_up = {0};
    struct dsb_beacon beacon = {.device_id = nx_bytes_of_text(of->identity.id_text),
                                .has_trailer = true,
                                .sequence = nx_prng_next(&h->chance),
                                .name = nx_bytes_of_text("liar")};

    beacon.port = (uint16_t)sim_hostile_draw(h, 0, 65535);
    beacon.ttl_s = (uint16_t)sim_hostile_draw(h, 1, TTL_MAX_S);
    memcpy(beacon.noise_static, of->identity.noise_static, sizeof(beacon.noise_static));
    sim_hostile_noise(h, beacon.signature, sizeof(beacon.signature));
    if (sim_hostile_chance(h, 2)) {
        sim_hostile_noise(h, raw, sizeof(raw));
        for (size_t i = 0; i < sizeof(raw); i++) {
            made_up.id_text[2 * i] = "0123456789abcdef"[raw[i] >> 4];
            made_up.id_text[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
        }
        beacon.device_id = nx_bytes_of_text(made_up.id_text);
    }
    if (sim_hostile_chance(h, 3))
        beacon.noise_static[7] ^= 1;
    if (sim_hostile_chance(h, 3))
        beacon.port = SIM_PORT;
    (void)!dsb_beacon_encode(&beacon, &out, NULL);
    return out.len;
}

static void say_one(struct sim_world *w)
{
    struct sim_hostile *h = &w->hostile;
    uint8_t bytes[NX_NET_DATAGRAM_MAX];
    size_t len = 0;

    switch (sim_hostile_draw(h, 0, 5)) {
    case 0:
        len = sim_hostile_draw(h, 0, sizeof(bytes));
        sim_hostile_noise(h, bytes, len);
        break;
    case 1:
        len = say_again(h, bytes);
        break;
    case 2:
        len = say_again(h, bytes);
        sim_hostile_spoil(h, bytes, &len, sizeof(bytes));
        break;
    default:
        len = forge(w, bytes);
        break;
    }
    announce(h, sim_hostile_draw(h, 1, SIM_HOSTILE_HOSTS - 1), nx_bytes_of(bytes, len));
}

bool sim_hostile_beacons(struct sim_world *w)
{
    struct sim_hostile *h = &w->hostile;
    uint32_t count = 1;

    hear(w);
    if (!nx_instant_reached(h->beacon_at, w->now))
        return false;
    if (sim_hostile_chance(h, 40))
        count = sim_hostile_draw(h, 2, CROWD_MAX);
    for (uint32_t i = 0; i < count; i++)
        say_one(w);
    h->beacon_at = nx_instant_after(
        w->now, nx_milliseconds(sim_hostile_draw(h, BEACON_LEAST_MS, BEACON_MOST_MS)));
    return true;
}
