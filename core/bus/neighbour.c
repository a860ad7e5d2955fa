#include "core/bus/neighbour.h"

#include "core/base/memory.h"
#include "core/base/text.h"

/* ---- what it says ----------------------------------------------------------------------------- */

static bool replace(void *have, const void *want, size_t len)
{
    if (memcmp(have, want, len) == 0)
        return false;
    memcpy(have, want, len);
    return true;
}

static bool describe_services(struct dsb_neighbour *n, const struct dsb_beacon *b)
{
    uint8_t packed[DSB_NEIGHBOUR_SERVICES_CAP] = {0};
    struct nx_writer w = nx_writer_over(packed, sizeof(packed));
    uint8_t count = 0;

    for (; count < b->service_count; count++) {
        if (nx_writer_room(&w) < 1 + b->services[count].len)
            break;
        nx_write_u8(&w, (uint8_t)b->services[count].len);
        nx_write_bytes(&w, b->services[count]);
    }
    n->service_count = count;
    n->services_len = (uint8_t)w.len;
    return replace(n->services, packed, sizeof(packed));
}

bool dsb_neighbour_describe(struct dsb_neighbour *n, const struct dsb_beacon *beacon)
{
    char name[DSB_BEACON_NAME_MAX + 1] = {0};
    bool changed = n->port != beacon->port;

    n->port = beacon->port;
    (void)nx_text_for_show(beacon->name, name, sizeof(name));
    changed |= replace(n->name, name, sizeof(name));
    changed |= describe_services(n, beacon);
    return changed;
}

bool dsb_neighbour_has_static(const struct dsb_neighbour *n, const struct dsb_beacon *beacon)
{
    return memcmp(n->noise_static, beacon->noise_static, sizeof(n->noise_static)) == 0;
}

/* ---- where it is ------------------------------------------------------------------------------ */

static size_t find_candidate(const struct dsb_neighbour *n, const struct nx_address *address)
{
    size_t i = 0;

    while (i < n->candidate_count && !nx_address_equal(&n->candidates[i].address, address))
        i++;
    return i;
}

/* The first `from` candidates move back by one, over the one that stood there; `candidate` leads. */
static void lead_with(struct dsb_neighbour *n, size_t from, struct dsb_candidate candidate)
{
    for (; from > 0; from--)
        n->candidates[from] = n->candidates[from - 1];
    n->candidates[0] = candidate;
}

static bool put_first(struct dsb_neighbour *n, struct dsb_candidate candidate)
{
    size_t at = find_candidate(n, &candidate.address);
    bool is_new = at == n->candidate_count;

    if (is_new && n->candidate_count < DSB_CANDIDATES_MAX)
        n->candidate_count++;
    else if (is_new)
        at = DSB_CANDIDATES_MAX - 1;
    lead_with(n, at, candidate);
    return is_new;
}

bool dsb_neighbour_add_authenticated(struct dsb_neighbour *n, struct nx_address address)
{
    return put_first(n, (struct dsb_candidate){address, true});
}

bool dsb_neighbour_add_hint(struct dsb_neighbour *n, struct nx_address address)
{
    struct dsb_candidate hint = {address, false};

    if (!n->is_paired)
        return put_first(n, hint);
    if (find_candidate(n, &address) < n->candidate_count)
        return false;
    dsb_neighbour_drop_hints(n);
    if (n->candidate_count == DSB_CANDIDATES_MAX)
        return false;
    n->candidates[n->candidate_count++] = hint;
    return true;
}

void dsb_neighbour_drop_hints(struct dsb_neighbour *n)
{
    while (n->candidate_count > 0 && !n->candidates[n->candidate_count - 1].is_authenticated)
        n->candidate_count--;
}

bool dsb_neighbour_is_known_at(const struct dsb_neighbour *n, const struct nx_address *from)
{
    for (size_t i = 0; i < n->candidate_count && n->candidates[i].is_authenticated; i++) {
        if (nx_address_same_host(&n->candidates[i].address, from))
            return true;
    }
    return false;
}
