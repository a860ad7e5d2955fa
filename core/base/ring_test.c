#include "core/base/ring.h"
#include "tests/unit/unit.h"

#define CAP 5

enum act {
    END,
    PUSH,
    PULL,
    DROP,
    FILL
};

/* What is done, with which text or how many; what it answers; what then lies in the ring, and how
 * much of that in the first span. */
struct step {
    enum act act;
    const char *text; /* pushed, filled into the room, or pulled */
    size_t count;     /* asked for by PULL and DROP */
    enum nx_status status;
    const char *content;
    size_t straight_len;
};

static const struct {
    const char *name;
    struct step steps[6];
} cases[] = {
    {"what is pushed lies at the back",
     {{PUSH, "ab", 0, NX_OK, "ab", 2}, {PUSH, "c", 0, NX_OK, "abc", 3}}},
    {"nothing can be pushed, and nothing comes of it", {{PUSH, "", 0, NX_OK, "", 0}}},
    {"exactly as much as there is room for", {{PUSH, "abcde", 0, NX_OK, "abcde", 5}}},
    {"one byte too many is refused, and none is taken",
     {{PUSH, "abcdef", 0, NX_WOULD_BLOCK, "", 0},
      {PUSH, "abcd", 0, NX_OK, "abcd", 4},
      {PUSH, "ef", 0, NX_WOULD_BLOCK, "abcd", 4}}},
    {"a full ring takes nothing and goes on",
     {{PUSH, "abcde", 0, NX_OK, "abcde", 5},
      {PUSH, "f", 0, NX_WOULD_BLOCK, "abcde", 5},
      {PULL, "a", 1, NX_OK, "bcde", 4},
      {PUSH, "f", 0, NX_OK, "bcdef", 4}}},
    {"what wraps around is two spans in order",
     {{PUSH, "abcd", 0, NX_OK, "abcd", 4},
      {DROP, "", 3, NX_OK, "d", 1},
      {PUSH, "efg", 0, NX_OK, "defg", 2},
      {PULL, "def", 3, NX_OK, "g", 1}}},
    {"a span that ends with the memory leaves the other empty",
     {{PUSH, "abcde", 0, NX_OK, "abcde", 5},
      {DROP, "", 2, NX_OK, "cde", 3},
      {DROP, "", 2, NX_OK, "e", 1}}},
    {"a drop to the end of the memory exactly goes on at its beginning",
     {{PUSH, "abcd", 0, NX_OK, "abcd", 4},
      {DROP, "", 3, NX_OK, "d", 1},
      {PUSH, "efg", 0, NX_OK, "defg", 2},
      {DROP, "", 2, NX_OK, "fg", 2}}},
    {"more than there is is pulled short",
     {{PUSH, "abc", 0, NX_OK, "abc", 3},
      {PULL, "abc", 9, NX_OK, "", 0},
      {PULL, "", 9, NX_OK, "", 0}}},
    {"an empty ring begins anew, in one piece",
     {{PUSH, "abcd", 0, NX_OK, "abcd", 4},
      {DROP, "", 4, NX_OK, "", 0},
      {PUSH, "efghi", 0, NX_OK, "efghi", 5}}},
    {"room is filled in place, around the end too",
     {{PUSH, "abcd", 0, NX_OK, "abcd", 4},
      {DROP, "", 3, NX_OK, "d", 1},
      {FILL, "efgh", 0, NX_OK, "defgh", 2}}},
    {"room may be filled in part",
     {{PUSH, "a", 0, NX_OK, "a", 1},
      {FILL, "bc", 0, NX_OK, "abc", 3},
      {PUSH, "de", 0, NX_OK, "abcde", 5}}},
};

static void fill(struct nx_ring *ring, struct nx_bytes text)
{
    struct nx_ring_room rooms[2];

    nx_ring_reserve(ring, rooms);
    EXPECT_EQ(rooms[0].len + rooms[1].len, nx_ring_room_len(ring));
    for (size_t i = 0; i < text.len; i++) {
        if (i < rooms[0].len)
            rooms[0].ptr[i] = text.ptr[i];
        else
            rooms[1].ptr[i - rooms[0].len] = text.ptr[i];
    }
    nx_ring_commit(ring, text.len);
}

static void run(struct nx_ring *ring, const struct step *step)
{
    struct nx_bytes text = nx_bytes_of_text(step->text);
    uint8_t out[CAP + 4];

    switch (step->act) {
    case END:
        break;
    case PUSH:
        EXPECT_STATUS(nx_ring_push(ring, text), step->status);
        break;
    case PULL:
        EXPECT_BYTES(nx_bytes_of(out, nx_ring_pull(ring, out, step->count)), text);
        break;
    case DROP:
        nx_ring_drop(ring, step->count);
        break;
    case FILL:
        fill(ring, text);
        break;
    }
}

UNIT_SUITE(ring_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct {
            uint8_t memory[CAP];
            uint8_t beyond;
        } lent = {.beyond = 0x5a};
        struct nx_ring ring;

        unit_row(cases[i].name);
        nx_ring_init(&ring, lent.memory, CAP);
        for (const struct step *step = cases[i].steps; step->act != END; step++) {
            struct nx_bytes content = nx_bytes_of_text(step->content);
            struct nx_bytes spans[2];

            run(&ring, step);
            nx_ring_peek(&ring, spans);
            NEED(spans[0].len == step->straight_len && ring.len == content.len);
            EXPECT_BYTES(spans[0], nx_bytes_of(content.ptr, spans[0].len));
            EXPECT_BYTES(spans[1], nx_bytes_skip(content, spans[0].len));
            EXPECT_EQ(nx_ring_room_len(&ring), CAP - content.len);
        }
        EXPECT_EQ(lent.beyond, 0x5a);
    }
}
