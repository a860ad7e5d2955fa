#include "core/bus/pairing_budget.h"

#include "core/base/memory.h"
#include "core/base/text.h"

#define HOUR_S  3600
#define HOUR_MS 3600000u

#define NO_SLOT DSB_PAIRING_SLOTS

void dsb_pairing_budget_init(struct dsb_pairing_budget *b)
{
    /* A slot that is free since the beginning of time is free. */
    *b = (struct dsb_pairing_budget){.suspect_count = 0};
}

/* ---- windows ------------------------------------------------------------------------------- */

static uint32_t free_slot(const struct dsb_pairing_window *w, struct nx_instant now)
{
    for (uint32_t i = 0; i < DSB_PAIRING_SLOTS; i++) {
        if (nx_instant_reached(w->free_at[i], now))
            return i;
    }
    return NO_SLOT;
}

static void occupy(struct dsb_pairing_window *w, uint32_t slot, struct nx_instant now)
{
    w->free_at[slot] = nx_instant_after(now, nx_seconds(HOUR_S));
}

/* The slot that was taken last, or the free one that was. */
static uint32_t latest_slot(const struct dsb_pairing_window *w)
{
    uint32_t latest = 0;

    for (uint32_t i = 1; i < DSB_PAIRING_SLOTS; i++) {
        if (w->free_at[i].ns > w->free_at[latest].ns)
            latest = i;
    }
    return latest;
}

/* ---- devices ------------------------------------------------------------------------------- */

static uint32_t find(const struct dsb_pairing_budget *b, const uint8_t id[DSB_ID_LEN])
{
    uint32_t i = 0;

    while (i < b->suspect_count && memcmp(b->suspects[i].id, id, DSB_ID_LEN) != 0)
        i++;
    return i;
}

static void drop(struct dsb_pairing_budget *b, uint32_t index)
{
    b->suspect_count--;
    memmove(&b->suspects[index], &b->suspects[index + 1],
            (b->suspect_count - index) * sizeof(b->suspects[0]));
}

/* Is `a` to be forgotten rather than `b`, which failed later? Who waits stays. */
static bool goes_before(const struct dsb_pairing_suspect *a, const struct dsb_pairing_suspect *b,
                        struct nx_instant now)
{
    bool a_waits = !nx_instant_reached(a->waits_until, now);
    bool b_waits = !nx_instant_reached(b->waits_until, now);

    return a_waits == b_waits ? a->failed_count <= b->failed_count : b_waits;
}

static void make_room(struct dsb_pairing_budget *b, struct nx_instant now)
{
    uint32_t out = 0;

    if (b->suspect_count < DSB_PAIRING_SUSPECTS_MAX)
        return;
    for (uint32_t i = 1; i < b->suspect_count; i++) {
        if (!goes_before(&b->suspects[out], &b->suspects[i], now))
            out = i;
    }
    drop(b, out);
}

static struct nx_instant wait_after(uint32_t failed_count, struct nx_instant now)
{
    uint32_t wait_s = DSB_PAIRING_WAIT_FIRST_S;

    if (failed_count < DSB_PAIRING_FAILED_FREE)
        return now;
    for (uint32_t i = DSB_PAIRING_FAILED_FREE; i < failed_count; i++) {
        wait_s *= 2;
        if (wait_s >= DSB_PAIRING_WAIT_MAX_S)
            return nx_instant_after(now, nx_seconds(DSB_PAIRING_WAIT_MAX_S));
    }
    return nx_instant_after(now, nx_seconds(wait_s));
}

/* ---- the budgets --------------------------------------------------------------------------- */

/* The sentence of a limit, and how long until it would be otherwise. */
static void explain(struct nx_why *why, const char *what, uint64_t limit, uint64_t asked,
                    struct nx_duration left)
{
    if (why == NULL)
        return;

    struct nx_why sentence;
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    nx_why_limit(&sentence, what, limit, asked);
    nx_text_add(&t, sentence.text);
    nx_text_add(&t, "; ");
    nx_text_add_u64(&t, left.ns / 1000000000u + (left.ns % 1000000000u != 0));
    nx_text_add(&t, " s to wait");
}

static struct nx_duration until_free(const struct dsb_pairing_window *w, struct nx_instant now)
{
    struct nx_instant first = w->free_at[0];

    for (uint32_t i = 1; i < DSB_PAIRING_SLOTS; i++)
        first = nx_instant_earlier(first, w->free_at[i]);
    return nx_duration_between(now, first);
}

enum nx_status dsb_pairing_budget_permits(const struct dsb_pairing_budget *b, struct nx_instant now,
                                          const uint8_t id[DSB_ID_LEN], struct nx_why *why)
{
    uint32_t index = find(b, id);

    if (index < b->suspect_count && !nx_instant_reached(b->suspects[index].waits_until, now)) {
        explain(why, "failed codes with this device", DSB_PAIRING_FAILED_FREE,
                (uint64_t)b->suspects[index].failed_count + 1,
                nx_duration_between(now, b->suspects[index].waits_until));
        return NX_E_LIMIT;
    }
    if (free_slot(&b->failed, now) == NO_SLOT) {
        explain(why, "failed codes in an hour", DSB_PAIRING_FAILED_PER_HOUR,
                DSB_PAIRING_FAILED_PER_HOUR + 1, until_free(&b->failed, now));
        return NX_E_LIMIT;
    }
    return NX_OK;
}

enum nx_status dsb_pairing_budget_take(struct dsb_pairing_budget *b, struct nx_instant now,
                                       enum dsb_pairing_act act, struct nx_why *why)
{
    uint32_t slot = free_slot(&b->acts[act], now);

    if (slot == NO_SLOT) {
        explain(why,
                act == DSB_PAIRING_ACT_OFFER ? "offers in an hour, called off or not"
                                             : "accepts in an hour, called off or not",
                DSB_PAIRING_SLOTS, DSB_PAIRING_SLOTS + 1, until_free(&b->acts[act], now));
        return NX_E_LIMIT;
    }
    occupy(&b->acts[act], slot, now);
    return NX_OK;
}

void dsb_pairing_budget_fail(struct dsb_pairing_budget *b, struct nx_instant now,
                             const uint8_t id[DSB_ID_LEN])
{
    uint32_t slot = free_slot(&b->failed, now);
    uint32_t index = find(b, id);
    struct dsb_pairing_suspect suspect = {.failed_count = 0};

    if (slot != NO_SLOT)
        occupy(&b->failed, slot, now);
    if (b->failed_total < UINT32_MAX)
        b->failed_total++;

    if (index < b->suspect_count) {
        suspect = b->suspects[index];
        drop(b, index);
    } else {
        memcpy(suspect.id, id, DSB_ID_LEN);
        make_room(b, now);
    }
    if (suspect.failed_count < UINT32_MAX)
        suspect.failed_count++;
    suspect.waits_until = wait_after(suspect.failed_count, now);
    b->suspects[b->suspect_count++] = suspect;
}

void dsb_pairing_budget_refund(struct dsb_pairing_budget *b, struct nx_instant now,
                               const uint8_t id[DSB_ID_LEN])
{
    uint32_t index = find(b, id);

    if (index == b->suspect_count)
        return;
    b->failed.free_at[latest_slot(&b->failed)] = now;
    if (b->failed_total > 0)
        b->failed_total--;
    b->suspects[index].waits_until = now;
    if (--b->suspects[index].failed_count == 0)
        drop(b, index);
}

void dsb_pairing_budget_forget(struct dsb_pairing_budget *b, const uint8_t id[DSB_ID_LEN])
{
    uint32_t index = find(b, id);

    if (index < b->suspect_count)
        drop(b, index);
}

/* ---- over a restart ------------------------------------------------------------------------ */

static uint32_t left_ms(struct nx_instant until, struct nx_instant now)
{
    return (uint32_t)((nx_duration_between(now, until).ns + 999999u) / 1000000u);
}

static void export_window(const struct dsb_pairing_window *w, struct nx_instant now,
                          uint32_t saved_ms[DSB_PAIRING_SLOTS])
{
    for (uint32_t i = 0; i < DSB_PAIRING_SLOTS; i++)
        saved_ms[i] = left_ms(w->free_at[i], now);
}

static bool import_window(struct dsb_pairing_window *w, struct nx_instant now,
                          const uint32_t saved_ms[DSB_PAIRING_SLOTS])
{
    for (uint32_t i = 0; i < DSB_PAIRING_SLOTS; i++) {
        if (saved_ms[i] > HOUR_MS)
            return false;
        w->free_at[i] = nx_instant_after(now, nx_milliseconds(saved_ms[i]));
    }
    return true;
}

void dsb_pairing_budget_export(const struct dsb_pairing_budget *b, struct nx_instant now,
                               struct dsb_pairing_budget_saved *saved)
{
    *saved = (struct dsb_pairing_budget_saved){
        .suspect_count = b->suspect_count,
        .failed_total = b->failed_total,
    };
    for (uint32_t act = 0; act < DSB_PAIRING_ACT_COUNT; act++)
        export_window(&b->acts[act], now, saved->act_ms[act]);
    export_window(&b->failed, now, saved->failed_ms);
    for (uint32_t i = 0; i < b->suspect_count; i++) {
        memcpy(saved->suspects[i].id, b->suspects[i].id, DSB_ID_LEN);
        saved->suspects[i].failed_count = b->suspects[i].failed_count;
        saved->suspects[i].wait_ms = left_ms(b->suspects[i].waits_until, now);
    }
}

enum nx_status dsb_pairing_budget_import(struct dsb_pairing_budget *b, struct nx_instant now,
                                         const struct dsb_pairing_budget_saved *saved)
{
    struct dsb_pairing_budget fresh;

    dsb_pairing_budget_init(&fresh);
    if (saved->suspect_count > DSB_PAIRING_SUSPECTS_MAX)
        return NX_E_MALFORMED;
    for (uint32_t act = 0; act < DSB_PAIRING_ACT_COUNT; act++) {
        if (!import_window(&fresh.acts[act], now, saved->act_ms[act]))
            return NX_E_MALFORMED;
    }
    if (!import_window(&fresh.failed, now, saved->failed_ms))
        return NX_E_MALFORMED;

    for (uint32_t i = 0; i < saved->suspect_count; i++) {
        struct dsb_pairing_suspect *suspect = &fresh.suspects[i];

        if (saved->suspects[i].failed_count == 0 ||
            saved->suspects[i].wait_ms > DSB_PAIRING_WAIT_MAX_S * 1000u ||
            find(&fresh, saved->suspects[i].id) != i)
            return NX_E_MALFORMED;
        memcpy(suspect->id, saved->suspects[i].id, DSB_ID_LEN);
        suspect->failed_count = saved->suspects[i].failed_count;
        suspect->waits_until = nx_instant_after(now, nx_milliseconds(saved->suspects[i].wait_ms));
        fresh.suspect_count++;
    }
    fresh.failed_total = saved->failed_total;

    *b = fresh;
    return NX_OK;
}
