#include "core/node/reach.h"

#include "core/base/bytes.h"
#include "core/base/memory.h"

void dsb_reach_init(struct dsb_reach *r, const struct nx_rng *rng)
{
    memset(r, 0, sizeof(*r));
    r->rng = *rng;
}

/* Where the device stands, or `count`. */
static uint32_t index_of(const struct dsb_reach *r, const char *id_text)
{
    struct nx_bytes id = nx_bytes_of_text(id_text);
    uint32_t i = 0;

    while (i < r->count && !nx_bytes_equal(nx_bytes_of_text(r->devices[i].id_text), id))
        i++;
    return i;
}

static struct dsb_reach_device *find(struct dsb_reach *r, const char *id_text)
{
    uint32_t index = index_of(r, id_text);

    return index == r->count ? NULL : &r->devices[index];
}

const struct dsb_reach_device *dsb_reach_find(const struct dsb_reach *r, const char *id_text)
{
    uint32_t index = index_of(r, id_text);

    return index == r->count ? NULL : &r->devices[index];
}

/* ---- how long to wait ------------------------------------------------------------------------- */

/* No failure so far, and never too many of them; each wait is `first_ms` at least. */
static void begin_backoff(struct dsb_reach_device *d, uint32_t first_ms)
{
    struct nx_backoff_config config = {
        .first = nx_milliseconds(first_ms),
        .max = nx_milliseconds(DSB_REACH_MAX_MS),
        .attempt_max = UINT32_MAX,
        .within = nx_nanoseconds(UINT64_MAX),
    };

    nx_backoff_init(&d->backoff, &config);
}

static void hold(struct dsb_reach_device *d)
{
    d->is_held = true;
    begin_backoff(d, DSB_REACH_HELD_MS);
}

/* As if nothing had ever failed. */
static void release(struct dsb_reach_device *d)
{
    d->is_held = false;
    begin_backoff(d, DSB_REACH_FIRST_MS);
}

static void wait_a_little(struct dsb_reach *r, struct nx_instant now, struct dsb_reach_device *d)
{
    uint32_t wait_ms;

    if (nx_rng_below(&r->rng, DSB_REACH_SOON_MS + 1, &wait_ms) != NX_OK)
        wait_ms = DSB_REACH_SOON_MS;
    d->state = DSB_REACH_WAITING;
    d->due_at = nx_instant_after(now, nx_milliseconds(wait_ms));
}

static void wait_as_failed(struct dsb_reach *r, struct nx_instant now, struct dsb_reach_device *d)
{
    enum nx_status status = nx_backoff_failed(&d->backoff, now, &r->rng);

    d->state = DSB_REACH_WAITING;
    d->due_at = nx_backoff_deadline(&d->backoff);
    /* NX_E_STATE: they dialled while we waited, and what is left of that wait still counts. */
    if (status != NX_OK && status != NX_E_STATE)
        d->due_at = nx_instant_after(now, nx_milliseconds(DSB_REACH_MAX_MS));
}

/* ---- who is wanted ---------------------------------------------------------------------------- */

enum nx_status dsb_reach_want(struct dsb_reach *r, struct nx_instant now, const char *id_text)
{
    size_t len = nx_bytes_of_text(id_text).len;

    if (len == 0 || len > DSB_ID_TEXT_MAX)
        return NX_E_INVALID;
    if (find(r, id_text) != NULL)
        return NX_OK;
    if (r->count == DSB_PEERS_MAX)
        return NX_E_LIMIT;

    struct dsb_reach_device *d = &r->devices[r->count++];
    memset(d, 0, sizeof(*d));
    memcpy(d->id_text, id_text, len);
    release(d);
    wait_a_little(r, now, d);
    return NX_OK;
}

/* It is neither up nor tried any more; what it is instead comes next. */
static void leave_state(struct dsb_reach *r, struct dsb_reach_device *d)
{
    r->trying_count -= d->state == DSB_REACH_TRYING;
    r->up_count -= d->state == DSB_REACH_UP;
    d->is_asked = false;
}

enum nx_status dsb_reach_forget(struct dsb_reach *r, const char *id_text)
{
    uint32_t index = index_of(r, id_text);

    if (index == r->count)
        return NX_E_NOT_FOUND;
    leave_state(r, &r->devices[index]);
    r->count--;
    memmove(&r->devices[index], &r->devices[index + 1], (r->count - index) * sizeof(r->devices[0]));
    return NX_OK;
}

enum nx_status dsb_reach_hurry(struct dsb_reach *r, struct nx_instant now, const char *id_text,
                               enum dsb_reach_hurry by)
{
    struct dsb_reach_device *d = find(r, id_text);

    if (d == NULL)
        return NX_E_NOT_FOUND;
    if (d->state == DSB_REACH_UP || (d->is_held && by == DSB_REACH_BEACON))
        return NX_OK;

    struct nx_instant at = d->hurry_from.ns > now.ns ? d->hurry_from : now;
    if (by == DSB_REACH_PERSON) {
        if (d->is_held)
            release(d);
        d->is_asked = true;
    }
    if (d->state == DSB_REACH_WAITING ? d->due_at.ns <= at.ns : at.ns > now.ns)
        return NX_OK;

    if (d->state == DSB_REACH_WAITING)
        d->due_at = at;
    d->hurry_from = nx_instant_after(at, nx_milliseconds(DSB_REACH_HURRY_MS));
    nx_backoff_reset(&d->backoff);
    return NX_OK;
}

/* ---- dials and sessions ----------------------------------------------------------------------- */

/* Dials that may be under way before one more for this device. */
static uint32_t dials_max(const struct dsb_reach_device *d)
{
    return d->is_asked ? DSB_REACH_DIALS_MAX : DSB_REACH_DIALS_MAX - 1;
}

static bool is_before(const struct dsb_reach_device *a, const struct dsb_reach_device *b)
{
    return a->is_asked == b->is_asked ? a->due_at.ns < b->due_at.ns : a->is_asked;
}

bool dsb_reach_next(struct dsb_reach *r, struct nx_instant now, char id_text[DSB_ID_TEXT_MAX + 1])
{
    struct dsb_reach_device *next = NULL;

    for (uint32_t i = 0; i < r->count; i++) {
        struct dsb_reach_device *d = &r->devices[i];

        if (d->state == DSB_REACH_WAITING && nx_instant_reached(d->due_at, now) &&
            r->trying_count < dials_max(d) && (next == NULL || is_before(d, next)))
            next = d;
    }
    if (next == NULL)
        return false;
    next->state = DSB_REACH_TRYING;
    r->trying_count++;
    memcpy(id_text, next->id_text, sizeof(next->id_text));
    return true;
}

enum nx_status dsb_reach_failed(struct dsb_reach *r, struct nx_instant now, const char *id_text,
                                enum nx_status why)
{
    struct dsb_reach_device *d = find(r, id_text);

    if (d == NULL)
        return NX_E_NOT_FOUND;
    if (d->state != DSB_REACH_TRYING)
        return NX_E_STATE;
    leave_state(r, d);
    if (why == NX_E_IDENTITY || why == NX_E_DENIED)
        hold(d);
    wait_as_failed(r, now, d);
    return NX_OK;
}

enum nx_status dsb_reach_up(struct dsb_reach *r, struct nx_instant now, const char *id_text)
{
    struct dsb_reach_device *d = find(r, id_text);

    if (d == NULL)
        return NX_E_NOT_FOUND;
    if (d->state == DSB_REACH_UP)
        return NX_OK;
    leave_state(r, d);
    d->state = DSB_REACH_UP;
    d->up_at = now;
    r->up_count++;
    return NX_OK;
}

enum nx_status dsb_reach_down(struct dsb_reach *r, struct nx_instant now, const char *id_text,
                              enum dsb_reach_end end)
{
    struct dsb_reach_device *d = find(r, id_text);

    if (d == NULL)
        return NX_E_NOT_FOUND;
    if (d->state != DSB_REACH_UP)
        return NX_E_STATE;

    bool lasted = nx_duration_between(d->up_at, now).ns >= nx_milliseconds(DSB_REACH_LASTED_MS).ns;
    leave_state(r, d);
    if (lasted)
        release(d);
    if (lasted && end == DSB_REACH_CUT)
        wait_a_little(r, now, d);
    else
        wait_as_failed(r, now, d);
    return NX_OK;
}

struct nx_instant dsb_reach_deadline(const struct dsb_reach *r)
{
    struct nx_instant first = NX_NEVER;

    for (uint32_t i = 0; i < r->count; i++) {
        const struct dsb_reach_device *d = &r->devices[i];

        if (d->state == DSB_REACH_WAITING && r->trying_count < dials_max(d))
            first = nx_instant_earlier(first, d->due_at);
    }
    return first;
}
