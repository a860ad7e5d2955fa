#include "core/base/memory.h"
#include "tests/unit/unit.h"

/* Each call runs over every alignment of both sides and every length up to four words, in a field
 * of a known pattern; a plain loop over bytes says what must be there afterwards. */
#define FIELD     64
#define LEN_MAX   32
#define ALIGN_MAX 8

struct field {
    _Alignas(8) uint8_t bytes[FIELD];
};

static struct field patterned(void)
{
    struct field field;

    for (size_t i = 0; i < FIELD; i++)
        field.bytes[i] = (uint8_t)(0x80 + i); /* high bits: a signed comparison would show */
    return field;
}

static void expect_same(const struct field *got, const struct field *want)
{
    EXPECT_BYTES(nx_bytes_of(got->bytes, FIELD), nx_bytes_of(want->bytes, FIELD));
}

static void copy_between(size_t to, size_t from, size_t len)
{
    const struct field source = patterned();
    struct field got = {{0}};
    struct field want = {{0}};

    for (size_t i = 0; i < len; i++)
        want.bytes[to + i] = source.bytes[from + i];
    EXPECT(memcpy(got.bytes + to, source.bytes + from, len) == got.bytes + to);
    expect_same(&got, &want);
}

static void move_within(size_t to, size_t from, size_t len)
{
    const struct field source = patterned();
    struct field got = source;
    struct field want = source;

    for (size_t i = 0; i < len; i++)
        want.bytes[to + i] = source.bytes[from + i];
    EXPECT(memmove(got.bytes + to, got.bytes + from, len) == got.bytes + to);
    expect_same(&got, &want);
}

static void fill(size_t to, int byte, size_t len)
{
    struct field got = patterned();
    struct field want = got;

    for (size_t i = 0; i < len; i++)
        want.bytes[to + i] = (uint8_t)byte;
    EXPECT(memset(got.bytes + to, byte, len) == got.bytes + to);
    expect_same(&got, &want);
}

static void copies(void)
{
    unit_row("memcpy copies what was asked and nothing beside it, at every alignment and length");
    for (size_t to = 0; to < ALIGN_MAX; to++) {
        for (size_t from = 0; from < ALIGN_MAX; from++) {
            for (size_t len = 0; len <= LEN_MAX; len++)
                copy_between(to, from, len);
        }
    }

    unit_row("memmove moves between overlapping places, up and down, at every distance");
    for (size_t to = 0; to < FIELD - LEN_MAX; to++) {
        for (size_t len = 0; len <= LEN_MAX; len++)
            move_within(to, 16, len);
    }

    unit_row("memset fills what was asked and nothing beside it, with the low byte of its value");
    for (size_t to = 0; to < ALIGN_MAX; to++) {
        for (size_t len = 0; len <= LEN_MAX; len++) {
            fill(to, 0, len);
            fill(to, 0x1a5, len);
            fill(to, -1, len);
        }
    }
}

static const struct {
    const char *name;
    uint8_t a[3];
    uint8_t b[3];
    size_t len;
    int sign;
} compares[] = {
    {"memcmp finds equal bytes equal", {1, 2, 3}, {1, 2, 3}, 3, 0},
    {"memcmp looks at no byte past the length", {1, 2, 3}, {1, 2, 4}, 2, 0},
    {"memcmp finds no difference in nothing", {1}, {2}, 0, 0},
    {"memcmp: the first difference decides, the smaller side is before",
     {1, 2, 9},
     {1, 3, 0},
     3,
     -1},
    {"memcmp: the first difference decides, the greater side is behind",
     {1, 3, 0},
     {1, 2, 9},
     3,
     1},
    {"memcmp compares bytes without a sign", {0x80, 0, 0}, {0x7f, 0, 0}, 3, 1},
};

UNIT_SUITE(mem_test)
{
    copies();

    for (size_t i = 0; i < NX_COUNT_OF(compares); i++) {
        unit_row(compares[i].name);
        int answer = memcmp(compares[i].a, compares[i].b, compares[i].len);
        EXPECT((answer > 0) - (answer < 0) == compares[i].sign);
    }
}
