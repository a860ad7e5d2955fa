#include "core/base/memory.h"
#include "core/bus/discovery_internal.h"
#include "core/crypto/crypto.h"

/* A beacon that was decoded, with where it came from. */
struct heard {
    struct dsb_beacon beacon;
    struct nx_bytes signed_part;
    struct nx_address from;
    struct nx_address session; /* where it offers sessions; the zero value: nowhere */
};

static enum nx_status admit(const struct dsb_discovery *d, const struct nx_address *from,
                            struct nx_bytes datagram)
{
    bool is_local = from->family == NX_ADDRESS_NONE || nx_address_is_loopback(from);

    if (d->config.mode == DSB_DISCOVERY_OFF)
        return NX_E_STATE;
    if (d->config.mode == DSB_DISCOVERY_LOOPBACK && !is_local)
        return NX_E_DENIED;
    return datagram.len > DSB_BEACON_MAX ? NX_E_LIMIT : NX_OK;
}

static enum nx_status refuse_static(struct dsb_discovery *d, struct dsb_neighbour *n)
{
    d->counts.key_conflicts++;
    if (!n->has_key_conflict)
        dsb_discovery_tell(d, DSB_DISCOVERY_CHANGED, n);
    n->has_key_conflict = true;
    return NX_E_EXISTS;
}

static uint32_t ttl_of(const struct dsb_beacon *b)
{
    return b->has_trailer ? b->ttl_s : DSB_DISCOVERY_TTL_S;
}

/* A beacon that agrees: `changed` so far, its address, its TTL. */
static void take_in(struct dsb_discovery *d, struct dsb_neighbour *n, const struct heard *h,
                    bool changed, bool is_verified)
{
    bool was_present = n->is_present;

    n->is_proved = is_verified;
    n->beacon_at = d->now;
    n->beacon_count++;
    n->beacon_from = h->from;
    if (is_verified)
        n->fresh_at = d->now;
    if (h->session.family != NX_ADDRESS_NONE)
        changed |= is_verified ? dsb_neighbour_add_authenticated(n, h->session)
                               : dsb_neighbour_add_hint(n, h->session);
    dsb_discovery_refresh(d, n, ttl_of(&h->beacon), is_verified);
    if (was_present && changed)
        dsb_discovery_tell(d, DSB_DISCOVERY_CHANGED, n);
}

static enum nx_status hear_stranger(struct dsb_discovery *d, struct dsb_neighbour *n,
                                    const struct heard *h)
{
    if (!nx_bucket_take(&d->strangers, d->now)) {
        d->counts.limited++;
        return NX_WOULD_BLOCK;
    }
    if (n != NULL && !dsb_neighbour_has_static(n, &h->beacon))
        return refuse_static(d, n);
    if (n == NULL) {
        n = dsb_discovery_add(d, h->beacon.device_id);
        if (n == NULL) {
            d->counts.no_room++;
            return NX_E_NO_MEMORY;
        }
        memcpy(n->noise_static, h->beacon.noise_static, sizeof(n->noise_static));
    }
    take_in(d, n, h, dsb_neighbour_describe(n, &h->beacon), false);
    return NX_OK;
}

/* NX_OK; NX_E_CRYPTO; NX_WOULD_BLOCK: not now, there were too many. */
static enum nx_status verify(struct dsb_discovery *d, const struct dsb_neighbour *n,
                             const struct heard *h, bool is_known)
{
    uint8_t message[DSB_BEACON_MESSAGE_MAX];

    if (!nx_bucket_take(is_known ? &d->verify_known : &d->verify_elsewhere, d->now)) {
        d->counts.unverified++;
        return NX_WOULD_BLOCK;
    }

    enum nx_status status = nx_crypto_ed25519_verify(
        h->beacon.signature, dsb_beacon_message(h->signed_part, message), n->ed25519_public);
    if (status == NX_OK)
        d->counts.verified++;
    else
        d->counts.forged++;
    return status;
}

static uint32_t boot_of(uint64_t sequence)
{
    return (uint32_t)(sequence >> 32);
}

/* The device's own word. That it was said is remembered whatever it is, so that it counts once. */
static enum nx_status hear_verified(struct dsb_discovery *d, struct dsb_neighbour *n,
                                    const struct heard *h)
{
    bool has_restarted = n->sequence != 0 && boot_of(n->sequence) != boot_of(h->beacon.sequence);

    n->sequence = h->beacon.sequence;
    if (!dsb_neighbour_has_static(n, &h->beacon)) {
        d->counts.key_conflicts++;
        n->has_key_conflict = true;
        dsb_discovery_tell(d, DSB_DISCOVERY_KEY_CONFLICT, n);
        return NX_E_IDENTITY;
    }
    n->has_key_conflict = false;
    take_in(d, n, h, dsb_neighbour_describe(n, &h->beacon) || has_restarted, true);
    return NX_OK;
}

static enum nx_status hear_paired(struct dsb_discovery *d, struct dsb_neighbour *n,
                                  const struct heard *h)
{
    /* An in-memory link comes from one place. */
    bool is_known = h->from.family == NX_ADDRESS_NONE || dsb_neighbour_is_known_at(n, &h->from);

    if (!nx_bucket_take(is_known ? &n->known : &n->elsewhere, d->now)) {
        d->counts.limited++;
        return NX_WOULD_BLOCK;
    }
    if (h->beacon.has_trailer && h->beacon.sequence > n->sequence) {
        enum nx_status status = verify(d, n, h, is_known);

        if (status == NX_OK)
            return hear_verified(d, n, h);
        if (status != NX_WOULD_BLOCK)
            return status;
    }
    if (!dsb_neighbour_has_static(n, &h->beacon))
        return refuse_static(d, n);
    if (h->beacon.has_trailer && boot_of(h->beacon.sequence) < boot_of(n->sequence))
        n->behind_at = d->now;

    struct heard hint = *h;
    if (!dsb_discovery_may_lead_to(d, &h->session)) {
        d->counts.off_link += h->session.family != NX_ADDRESS_NONE;
        hint.session.family = NX_ADDRESS_NONE;
    }
    take_in(d, n, &hint, false, false);
    return NX_OK;
}

static enum nx_status hear_own(struct dsb_discovery *d, const struct dsb_beacon *b)
{
    if (!dsb_neighbour_has_static(&d->self, b))
        return refuse_static(d, &d->self);
    d->counts.own++;
    return NX_OK;
}

static enum nx_status hear(struct dsb_discovery *d, const struct heard *h)
{
    if (nx_bytes_equal(h->beacon.device_id, dsb_neighbour_id(&d->self)))
        return hear_own(d, &h->beacon);

    struct dsb_neighbour *n = dsb_neighbours_find(&d->neighbours, h->beacon.device_id);
    return n != NULL && n->is_paired ? hear_paired(d, n, h) : hear_stranger(d, n, h);
}

enum nx_status dsb_discovery_input(struct dsb_discovery *d, struct nx_instant now,
                                   struct nx_address from, struct nx_bytes datagram)
{
    struct heard h = {.from = from};

    dsb_discovery_advance(d, now);
    d->counts.received++;

    enum nx_status status = admit(d, &from, datagram);
    if (status == NX_OK)
        status = dsb_beacon_decode(datagram, &h.beacon, &h.signed_part, NULL);
    if (status == NX_OK && !dsb_discovery_id_is_good(d, h.beacon.device_id))
        status = NX_E_MALFORMED;

    if (status != NX_OK) {
        d->counts.refused++;
    } else {
        if (from.family != NX_ADDRESS_NONE && h.beacon.port != 0) {
            h.session = from;
            h.session.port = h.beacon.port;
        }
        status = hear(d, &h);
    }
    dsb_discovery_say_count(d);
    return status;
}
