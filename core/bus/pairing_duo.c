#include "core/bus/pairing_duo.h"

#include "core/base/memory.h"

static void keep_line(void *owner, struct nx_bytes line)
{
    struct duo_end *end = owner;
    char *to = end->lines[end->line_count % NX_COUNT_OF(end->lines)];

    memcpy(to, line.ptr, line.len);
    to[line.len] = '\0';
    end->line_count++;
}

static void init_end(struct duo_end *end, const char *name, uint8_t fill, uint64_t seed)
{
    memset(end, 0, sizeof(*end));
    memset(end->device.id, fill, DSB_ID_LEN);
    memset(end->device.ed25519, fill + 1, sizeof(end->device.ed25519));
    memset(end->device.noise_static, fill + 2, sizeof(end->device.noise_static));
    memset(end->name.id, fill, DSB_ID_LEN);
    memcpy(end->name.id_text, name, nx_bytes_of_text(name).len);
    nx_prng_init(&end->prng, seed, name);
    nx_markers_init(&end->markers, keep_line, end);
    end->stores = true;

    struct dsb_pairing_config config = {
        .self = end->device,
        .rng = nx_prng_as_rng(&end->prng),
        .markers = &end->markers,
    };
    dsb_pairing_init(&end->machine, &config);
}

void duo_init(struct duo *d, uint64_t seed)
{
    memset(d, 0, sizeof(*d));
    init_end(&d->typist, "typist", 0x10, seed);
    init_end(&d->owner, "owner", 0x20, seed);
    memset(d->typist_channel, 0x77, sizeof(d->typist_channel));
    memset(d->owner_channel, 0x77, sizeof(d->owner_channel));
    d->now = nx_instant_after((struct nx_instant){0}, nx_seconds(1000));
}

enum nx_status duo_offer(struct duo *d)
{
    return dsb_pairing_offer(&d->owner.machine, d->now, &d->typist.name, d->code);
}

enum nx_status duo_accept(struct duo *d, const char *typed)
{
    return dsb_pairing_accept(&d->typist.machine, d->now, &d->owner.name, nx_bytes_of_text(typed));
}

static void keep_secret(struct duo_end *end, const uint8_t secret[32])
{
    static const uint8_t zero[32];

    if (memcmp(secret, zero, 32) == 0)
        return;
    for (uint32_t i = 0; i < end->secret_count; i++) {
        if (memcmp(end->secrets[i], secret, 32) == 0)
            return;
    }
    NX_CHECK(end->secret_count < NX_COUNT_OF(end->secrets));
    memcpy(end->secrets[end->secret_count++], secret, 32);
}

static void watch(struct duo_end *end)
{
    for (size_t i = 0; i < NX_COUNT_OF(end->machine.sides); i++) {
        const struct dsb_pairing_link *link = &end->machine.sides[i].link;

        keep_secret(end, link->half.secret_scalar);
        keep_secret(end, link->confirms.secret_typist);
        keep_secret(end, link->confirms.secret_owner);
    }
}

static bool holds(const struct duo_end *end, const void *bytes, size_t len)
{
    const uint8_t *memory = (const uint8_t *)&end->machine;

    for (size_t i = 0; i + len <= sizeof(end->machine); i++) {
        if (memcmp(memory + i, bytes, len) == 0)
            return true;
    }
    return false;
}

bool duo_leaks(const struct duo *d, const struct duo_end *end)
{
    bool found = holds(end, d->code, DSB_PAIRING_CODE_LEN);

    for (uint32_t i = 0; i < end->secret_count; i++)
        found |= holds(end, end->secrets[i], 32);
    return found;
}

enum nx_status duo_connect(struct duo *d)
{
    enum nx_status status = dsb_pairing_begin(&d->owner.machine, d->now, DSB_PAIRING_OWNER,
                                              &d->typist.device, d->owner_channel);

    if (status == NX_OK)
        status = dsb_pairing_begin(&d->typist.machine, d->now, DSB_PAIRING_TYPIST, &d->owner.device,
                                   d->typist_channel);
    watch(&d->typist);
    return status;
}

void duo_listen(struct duo *d, struct duo_end *end)
{
    struct dsb_pairing_event event;

    while (dsb_pairing_event(&end->machine, &event)) {
        if (event.kind == DSB_PAIRING_EVENT_BUDGET) {
            end->budget_count++;
        } else if (event.kind == DSB_PAIRING_EVENT_STORE) {
            end->store = event;
            end->store_count++;
            if (end->stores)
                (void)!dsb_pairing_stored(&end->machine, d->now, event.role, end->store_status);
        } else {
            if (end->news_count++ == 0)
                end->first = event;
            end->last = event;
        }
    }
}

static void hand_over(struct duo *d, struct duo_end *to, enum dsb_pairing_role role,
                      struct nx_bytes message)
{
    (void)!dsb_pairing_input(&to->machine, d->now, role, message);
    watch(to);
}

/* One message, with whatever the line does to it. */
static void carry(struct duo *d, struct duo_end *from, struct duo_end *to,
                  enum dsb_pairing_role to_role, uint8_t *bytes, size_t len)
{
    enum duo_trick trick = ++d->message_count == d->trick_at ? d->trick : DUO_PASS;
    uint8_t *value = len > DSB_PAIRING_VALUE_LEN ? bytes + len - DSB_PAIRING_VALUE_LEN : bytes;

    if (len > DSB_PAIRING_VALUE_LEN)
        memcpy(from->said, value, DSB_PAIRING_VALUE_LEN);
    switch (trick) {
    case DUO_PASS:
        break;
    case DUO_DROP:
        return;
    case DUO_TWICE:
        hand_over(d, to, to_role, nx_bytes_of(bytes, len));
        break;
    case DUO_SHORT:
        len--;
        break;
    case DUO_LONG:
        bytes[len++] = 0;
        break;
    case DUO_FLIP:
        value[5] ^= 4;
        break;
    case DUO_NEUTRAL:
        memset(value, 0, DSB_PAIRING_VALUE_LEN);
        break;
    case DUO_NEGATIVE:
        memset(value, 0, DSB_PAIRING_VALUE_LEN);
        value[0] = 1;
        break;
    case DUO_TOP_BIT:
        value[DSB_PAIRING_VALUE_LEN - 1] ^= 0x80;
        break;
    case DUO_REFLECT:
        memcpy(value, to->said, DSB_PAIRING_VALUE_LEN);
        break;
    case DUO_RETYPE:
        bytes[0]++;
        break;
    case DUO_CUT:
        dsb_pairing_link_lost(&from->machine, d->now,
                              to_role == DSB_PAIRING_OWNER ? DSB_PAIRING_TYPIST
                                                           : DSB_PAIRING_OWNER);
        dsb_pairing_link_lost(&to->machine, d->now, to_role);
        return;
    }
    hand_over(d, to, to_role, nx_bytes_of(bytes, len));
}

void duo_run(struct duo *d)
{
    bool more = true;

    while (more) {
        uint8_t bytes[DSB_PAIRING_MESSAGE_MAX + 1];
        struct nx_writer w = nx_writer_over(bytes, DSB_PAIRING_MESSAGE_MAX);

        duo_listen(d, &d->typist);
        duo_listen(d, &d->owner);
        more = false;
        if (dsb_pairing_output(&d->typist.machine, DSB_PAIRING_TYPIST, &w)) {
            carry(d, &d->typist, &d->owner, DSB_PAIRING_OWNER, bytes, w.len);
            more = true;
        } else if (dsb_pairing_output(&d->owner.machine, DSB_PAIRING_OWNER, &w)) {
            carry(d, &d->owner, &d->typist, DSB_PAIRING_TYPIST, bytes, w.len);
            more = true;
        }
    }
}

bool duo_pair(struct duo *d)
{
    if (duo_offer(d) != NX_OK || duo_accept(d, d->code) != NX_OK || duo_connect(d) != NX_OK)
        return false;
    duo_run(d);
    return true;
}

void duo_wait(struct duo *d, uint32_t seconds)
{
    struct nx_instant until = nx_instant_after(d->now, nx_seconds(seconds));
    struct nx_instant next = d->now;

    while (!nx_instant_reached(until, next)) {
        next = nx_instant_earlier(until, dsb_pairing_deadline(&d->typist.machine));
        next = nx_instant_earlier(next, dsb_pairing_deadline(&d->owner.machine));
        NX_CHECK(next.ns > d->now.ns); /* a deadline that was kept does not come again */
        d->now = next;
        dsb_pairing_tick(&d->typist.machine, next);
        dsb_pairing_tick(&d->owner.machine, next);
        duo_run(d);
    }
}
