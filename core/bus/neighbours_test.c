#include "core/bus/neighbours.h"

#include "core/base/memory.h"
#include "core/base/rng.h"
#include "tests/unit/unit.h"

#define SLOTS   12
#define ENTRIES 32

static const uint8_t key[NX_SIPHASH_KEY_LEN] = {1, 2, 3};

static struct dsb_neighbour slots[SLOTS];
static uint32_t index_of[ENTRIES];
static struct dsb_neighbours table;

static void empty_table(uint32_t slot_count)
{
    dsb_neighbours_init(&table, slots, slot_count, index_of, key);
}

/* Ids "aaa", "baa", … whose order is that of their numbers; the text lives until the next call. */
static struct nx_bytes id(size_t number)
{
    static char text[3];

    text[0] = (char)('a' + number % 26);
    text[1] = text[2] = 'a';
    return nx_bytes_of(text, sizeof(text));
}

static struct nx_instant at_ms(uint64_t ms)
{
    return (struct nx_instant){ms * 1000000};
}

static struct dsb_neighbour *hear(size_t number, uint64_t now_ms, uint32_t ttl_s)
{
    struct dsb_neighbour *n = dsb_neighbours_find(&table, id(number));

    if (n == NULL)
        n = dsb_neighbours_add(&table, id(number));
    if (n != NULL)
        dsb_neighbours_heard(&table, n, at_ms(now_ms), dsb_neighbours_end_of(at_ms(now_ms), ttl_s));
    return n;
}

/* ---- ageing --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint64_t heard_ms;
    uint32_t ttl_s;
    uint64_t looked_ns;
    bool is_gone;
} ages[] = {
    {"a nanosecond before its TTL it is there", 0, 60, 59999999999u, false},
    {"at its TTL exactly it is gone", 0, 60, 60000000000u, true},
    {"after its TTL it is gone", 0, 60, 60000000001u, true},
    {"a TTL of one second, before", 5000, 1, 5999999999u, false},
    {"a TTL of one second, at it", 5000, 1, 6000000000u, true},
    {"within a second it ends with the second: before", 500, 60, 60500000000u, false},
    {"within a second it ends with the second: at it", 500, 60, 61000000000u, true},
    {"the longest TTL, before", 999, 300, 300999999999u, false},
    {"the longest TTL, at it", 999, 300, 301000000000u, true},
    {"looked for a year later it is gone", 0, 60, 31536000000000000u, true},
    {"on a clock that began long ago, before", 1000000000000u, 300, 1000000299999999999u, false},
    {"on a clock that began long ago, at it", 1000000000000u, 300, 1000000300000000000u, true},
};

static void test_ageing(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(ages); i++) {
        unit_row(ages[i].name);
        empty_table(2);
        EXPECT(dsb_neighbours_expired(&table, at_ms(ages[i].heard_ms)) == NULL);
        struct dsb_neighbour *n = hear(0, ages[i].heard_ms, ages[i].ttl_s);

        struct nx_instant looked = {ages[i].looked_ns};
        EXPECT_EQ(nx_instant_reached(dsb_neighbours_deadline(&table), looked), ages[i].is_gone);
        EXPECT(dsb_neighbours_expired(&table, looked) == (ages[i].is_gone ? n : NULL));
        dsb_neighbours_lost(&table, n);
        EXPECT(dsb_neighbours_expired(&table, looked) == NULL);
        EXPECT(nx_instant_is_never(dsb_neighbours_deadline(&table)));
    }

    unit_row("whoever is heard again in time lives on");
    empty_table(2);
    struct dsb_neighbour *n = hear(0, 0, 60);
    EXPECT(dsb_neighbours_expired(&table, at_ms(59999)) == NULL);
    (void)hear(0, 59999, 60);
    EXPECT(dsb_neighbours_expired(&table, at_ms(119999)) == NULL);
    EXPECT(dsb_neighbours_expired(&table, at_ms(120000)) == n);

    unit_row("the wheel turns as often as the clock runs");
    empty_table(2);
    for (uint64_t s = 0; s < 3000; s += 7) {
        EXPECT(dsb_neighbours_expired(&table, at_ms(s * 1000)) == NULL);
        (void)hear(0, s * 1000, 300);
        EXPECT_EQ(slots[0].expires_s, s + 300);
        EXPECT_EQ(dsb_neighbours_deadline(&table).ns, (s + 300) * 1000000000u);
    }

    unit_row("at the end of time nothing ages");
    empty_table(2);
    struct nx_instant end = {UINT64_MAX - 1};
    EXPECT(dsb_neighbours_expired(&table, end) == NULL);
    n = dsb_neighbours_add(&table, id(0));
    dsb_neighbours_heard(&table, n, end, dsb_neighbours_end_of(end, 60));
    EXPECT(nx_instant_is_never(dsb_neighbours_deadline(&table)));
    EXPECT(dsb_neighbours_expired(&table, end) == NULL);
}

/* ---- room ----------------------------------------------------------------------------------- */

static void test_room(void)
{
    unit_row("a full table adds nobody");
    empty_table(3);
    struct dsb_neighbour *a = hear(0, 0, 60), *b = hear(1, 0, 60), *c = hear(2, 0, 60);
    EXPECT(dsb_neighbours_add(&table, id(3)) == NULL);
    EXPECT(dsb_neighbours_find(&table, id(3)) == NULL);
    EXPECT_EQ(table.used_count, 3);

    unit_row("the oldest is the one heard longest ago");
    EXPECT(dsb_neighbours_oldest(&table) == a);
    (void)hear(0, 1, 60);
    EXPECT(dsb_neighbours_oldest(&table) == b);

    unit_row("a paired device is never the oldest");
    dsb_neighbours_set_paired(&table, b, true);
    EXPECT(dsb_neighbours_oldest(&table) == c);
    dsb_neighbours_set_paired(&table, a, true);
    dsb_neighbours_set_paired(&table, c, true);
    EXPECT(dsb_neighbours_oldest(&table) == NULL);
    EXPECT_EQ(table.paired_count, 3);

    unit_row("who is no longer paired is the newest");
    dsb_neighbours_set_paired(&table, c, false);
    dsb_neighbours_set_paired(&table, b, false);
    dsb_neighbours_set_paired(&table, b, false);
    EXPECT(dsb_neighbours_oldest(&table) == c);

    unit_row("a place that is left is taken again, with nothing of the one before");
    dsb_neighbours_remove(&table, c);
    struct dsb_neighbour *d = dsb_neighbours_add(&table, id(3));
    NEED(d != NULL && d == c);
    EXPECT(d->last_seen.ns == 0 && !d->is_present && d->expires_s == 0);
    EXPECT(dsb_neighbours_find(&table, id(2)) == NULL);

    unit_row("a paired one that is removed is counted no more, and the order of strangers stays");
    EXPECT_EQ(table.paired_count, 1);
    dsb_neighbours_remove(&table, a);
    EXPECT_EQ(table.paired_count, 0);
    EXPECT(dsb_neighbours_oldest(&table) == b);
    EXPECT_EQ(table.used_count, 2);
}

/* ---- listing -------------------------------------------------------------------------------- */

static void test_listing(void)
{
    static const size_t order[] = {7, 2, 9, 0, 5, 3, 8, 1, 6, 4};
    const struct dsb_neighbour *out[SLOTS];
    struct dsb_neighbour self = {.id = "eab", .id_len = 3, .is_self = true};

    empty_table(SLOTS);
    for (size_t i = 0; i < NX_COUNT_OF(order); i++)
        (void)hear(order[i], i, 60);

    unit_row("sorted by id, whatever the order heard");
    EXPECT_EQ(dsb_neighbours_list(&table, NULL, nx_bytes_of(NULL, 0), out, SLOTS), 10);
    for (size_t i = 0; i < 10; i++)
        EXPECT_BYTES(dsb_neighbour_id(out[i]), id(i));

    unit_row("self stands among them");
    EXPECT_EQ(dsb_neighbours_list(&table, &self, nx_bytes_of(NULL, 0), out, SLOTS), 11);
    EXPECT(out[5] == &self);

    unit_row("pages of three give each of them once");
    struct nx_bytes after = nx_bytes_of(NULL, 0);
    size_t total = 0;
    for (size_t count = 3; count == 3; total += count) {
        count = dsb_neighbours_list(&table, NULL, after, out, 3);
        for (size_t i = 0; i < count; i++)
            EXPECT_BYTES(dsb_neighbour_id(out[i]), id(total + i));
        if (count > 0)
            after = dsb_neighbour_id(out[count - 1]);
    }
    EXPECT_EQ(total, 10);

    unit_row("no room to list into lists nobody");
    EXPECT_EQ(dsb_neighbours_list(&table, &self, nx_bytes_of(NULL, 0), out, 0), 0);

    unit_row("who is not present or was removed is not listed");
    dsb_neighbours_lost(&table, dsb_neighbours_find(&table, id(4)));
    dsb_neighbours_remove(&table, dsb_neighbours_find(&table, id(0)));
    EXPECT_EQ(dsb_neighbours_list(&table, NULL, nx_bytes_of(NULL, 0), out, SLOTS), 8);
    EXPECT_BYTES(dsb_neighbour_id(out[0]), id(1));
    EXPECT_BYTES(dsb_neighbour_id(out[3]), id(5));

    unit_row("an id that begins like another sorts behind it");
    struct dsb_neighbour *longer = dsb_neighbours_add(&table, nx_bytes_of_text("baaa"));
    dsb_neighbours_heard(&table, longer, at_ms(0), 60);
    EXPECT_EQ(dsb_neighbours_list(&table, NULL, nx_bytes_of(NULL, 0), out, 2), 2);
    EXPECT(out[1] == longer);
}

/* ---- a plain model, and ten thousand random steps ------------------------------------------- */

/* What the table should hold: by number, the second at which it ends; 0: not in it. */
static struct {
    uint64_t end_s[26];
    uint64_t heard[26]; /* step */
} model;

static size_t model_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < 26; i++)
        count += model.end_s[i] != 0;
    return count;
}

static void age_both(uint64_t now_s)
{
    struct dsb_neighbour *n;

    while ((n = dsb_neighbours_expired(&table, at_ms(now_s * 1000))) != NULL) {
        EXPECT(model.end_s[n->id[0] - 'a'] <= now_s);
        model.end_s[n->id[0] - 'a'] = 0;
        dsb_neighbours_remove(&table, n);
    }
}

static void hear_in_both(size_t number, uint64_t now_s, uint32_t ttl_s, uint64_t step)
{
    if (dsb_neighbours_find(&table, id(number)) == NULL && table.used_count == SLOTS) {
        struct dsb_neighbour *oldest = dsb_neighbours_oldest(&table);

        for (size_t i = 0; i < 26; i++)
            EXPECT(model.end_s[i] == 0 || model.heard[i] >= model.heard[oldest->id[0] - 'a']);
        model.end_s[oldest->id[0] - 'a'] = 0;
        dsb_neighbours_remove(&table, oldest);
    }
    (void)hear(number, now_s * 1000, ttl_s);
    model.end_s[number] = now_s + ttl_s;
    model.heard[number] = step;
}

static void compare_both(void)
{
    uint64_t first_end_s = UINT64_MAX;

    EXPECT_EQ(table.used_count, model_count());
    EXPECT_EQ(table.present_count, model_count());
    for (size_t i = 0; i < 26; i++) {
        const struct dsb_neighbour *n = dsb_neighbours_find(&table, id(i));

        EXPECT_EQ(n == NULL ? 0 : n->expires_s, model.end_s[i]);
        if (model.end_s[i] != 0 && model.end_s[i] < first_end_s)
            first_end_s = model.end_s[i];
    }
    if (first_end_s != UINT64_MAX)
        EXPECT_EQ(dsb_neighbours_deadline(&table).ns, first_end_s * 1000000000u);
}

static void test_model(void)
{
    struct nx_prng prng;
    uint64_t now_s = 1;

    unit_row("ten thousand random steps leave what a plain model holds");
    nx_prng_init(&prng, 1, "neighbours");
    memset(&model, 0, sizeof(model));
    empty_table(SLOTS);
    for (uint64_t step = 0; step < 10000 && !unit_row_has_failed(); step++) {
        uint64_t draw = nx_prng_next(&prng);
        size_t number = draw % 26;

        now_s += (draw >> 8) % 16 == 0 ? (draw >> 16) % 400 : (draw >> 16) % 3;
        age_both(now_s);
        if ((draw >> 12) % 8 != 0) {
            hear_in_both(number, now_s, 1 + (uint32_t)((draw >> 32) % 300), step);
        } else if (model.end_s[number] != 0) {
            dsb_neighbours_remove(&table, dsb_neighbours_find(&table, id(number)));
            model.end_s[number] = 0;
        }
        compare_both();
    }
}

UNIT_SUITE(neighbours_test)
{
    test_ageing();
    test_room();
    test_listing();
    test_model();

    unit_row("half of the index is always free");
    EXPECT_EQ(dsb_neighbours_index_count(1), 2);
    EXPECT_EQ(dsb_neighbours_index_count(SLOTS), ENTRIES);
    EXPECT_EQ(dsb_neighbours_index_count(16), 32);
    EXPECT_EQ(dsb_neighbours_index_count(10000), 32768);
}
