#include "core/store/store.h"

#include "tests/unit/unit.h"

#define VALUE_CAP  4
#define SLOT_COUNT 3

/* clang-format off */
enum verb {
    STEP_NONE,
    STEP_PUT,
    STEP_REMOVE,
    STEP_ASIDE,
    STEP_TAKE,
    STEP_TAKE_NOTHING,
    STEP_ANSWER,
    STEP_TELL,
    STEP_TELL_NOTHING,
    STEP_IDLE,
};

struct step {
    enum verb verb;
    bool yes;
    const char *key;
    const char *value;
    enum nx_status status; /* given to the store */
    enum nx_status want;   /* answered by the store, or told in its event */
};

/* What a machine does. */
#define PUT(k, v)             {.verb = STEP_PUT, .key = (k), .value = (v)}
#define PUT_IS(k, v, answer)  {.verb = STEP_PUT, .key = (k), .value = (v), .want = (answer)}
#define REMOVE(k)             {.verb = STEP_REMOVE, .key = (k)}
#define REMOVE_IS(k, answer)  {.verb = STEP_REMOVE, .key = (k), .want = (answer)}
#define ASIDE(k)              {.verb = STEP_ASIDE, .key = (k)}
#define ASIDE_IS(k, answer)   {.verb = STEP_ASIDE, .key = (k), .want = (answer)}
#define TOLD(k)               {.verb = STEP_TELL, .key = (k)}
#define TOLD_OF(k, failure)   {.verb = STEP_TELL, .key = (k), .want = (failure)}
#define TOLD_NOTHING          {.verb = STEP_TELL_NOTHING}
#define IDLE                  {.verb = STEP_IDLE, .yes = true}
#define NOT_IDLE              {.verb = STEP_IDLE}

/* What a driver does: it answers the last request that it took for a key. */
#define TAKE(k, v)            {.verb = STEP_TAKE, .key = (k), .value = (v)}
#define TAKE_NOTHING          {.verb = STEP_TAKE_NOTHING}
#define DONE(k)               {.verb = STEP_ANSWER, .key = (k)}
#define FAILED(k, s)          {.verb = STEP_ANSWER, .key = (k), .status = (s)}
#define ANSWER_IS(k, s, a)    {.verb = STEP_ANSWER, .key = (k), .status = (s), .want = (a)}

static const struct {
    const char *name;
    struct step steps[13];
} cases[] = {
    {"a put is told of after the driver's answer, not before",
     {IDLE, PUT("a", "1"), TOLD_NOTHING, TAKE("a", "1"), TOLD_NOTHING, NOT_IDLE, DONE("a"),
      TOLD("a"), TOLD_NOTHING, IDLE}},
    {"a failure is told with its status",
     {PUT("a", "1"), TAKE("a", "1"), FAILED("a", NX_E_NO_SPACE), TOLD_OF("a", NX_E_NO_SPACE),
      IDLE}},
    {"a store is idle only when the last answer was told",
     {PUT("a", "1"), TAKE("a", "1"), DONE("a"), NOT_IDLE, TOLD("a"), IDLE}},
    {"the newest value wins while the older one waits, and one event settles both",
     {PUT("a", "1"), PUT("a", "2"), TAKE("a", "2"), TAKE_NOTHING, DONE("a"), TOLD("a"),
      TOLD_NOTHING, IDLE}},
    {"what is in flight is not replaced, and its key waits for the answer",
     {PUT("a", "1"), TAKE("a", "1"), PUT("a", "2"), TAKE_NOTHING, DONE("a"), TAKE("a", "2"),
      DONE("a"), TOLD("a"), TOLD("a"), IDLE}},
    {"a newer value is tried though the one before it failed",
     {PUT("a", "1"), TAKE("a", "1"), PUT("a", "2"), FAILED("a", NX_E_IO), TAKE("a", "2"),
      DONE("a"), TOLD_OF("a", NX_E_IO), TOLD("a")}},
    {"another key does not wait for the one in flight",
     {PUT("a", "1"), PUT("b", "2"), TAKE("a", "1"), TAKE("b", "2"), DONE("b"), TOLD("b"),
      DONE("a"), TOLD("a")}},
    {"a replaced write keeps its place in the line",
     {PUT("a", "1"), PUT("b", "2"), PUT("a", "3"), TAKE("a", "3"), TAKE("b", "2")}},
    {"answers given the other way round are told in the order of the puts",
     {PUT("a", "1"), PUT("b", "2"), TAKE("a", "1"), TAKE("b", "2"), DONE("b"), DONE("a"),
      TOLD("a"), TOLD("b")}},
    {"a removal replaces a put that waits",
     {PUT("a", "1"), REMOVE("a"), TAKE("a", ""), TAKE_NOTHING, DONE("a"), TOLD("a"), IDLE}},
    {"a put replaces a removal that waits",
     {REMOVE("a"), PUT("a", "1"), TAKE("a", "1"), DONE("a"), TOLD("a"), IDLE}},
    {"a put does not replace what is to be set aside, it comes after it",
     {ASIDE("a"), PUT("a", "1"), TAKE("a", ""), TAKE_NOTHING, DONE("a"), TAKE("a", "1"),
      DONE("a"), TOLD("a"), TOLD("a"), IDLE}},
    {"setting aside does not replace a put that waits",
     {PUT("a", "1"), ASIDE("a"), TAKE("a", "1"), DONE("a"), TAKE("a", "")}},
    {"a put behind something set aside is replaced by the next one",
     {ASIDE("a"), PUT("a", "1"), PUT("a", "2"), TAKE("a", ""), DONE("a"), TAKE("a", "2"),
      DONE("a"), TAKE_NOTHING, TOLD("a"), TOLD("a"), IDLE}},
    {"of two writes that wait the later one is replaced, wherever they lie",
     {PUT("b", "1"), ASIDE("a"), TAKE("b", "1"), DONE("b"), TOLD("b"), PUT("a", "1"),
      PUT("a", "2"), TAKE("a", ""), DONE("a"), TAKE("a", "2"), TAKE_NOTHING}},
    {"news is told in the order of the puts, wherever their slots are",
     {PUT("b", "1"), PUT("a", "1"), TAKE("b", "1"), DONE("b"), TOLD("b"), PUT("c", "1"),
      TAKE("a", "1"), TAKE("c", "1"), DONE("a"), DONE("c"), TOLD("a"), TOLD("c")}},
    {"with all slots but one in use a put is taken",
     {PUT("a", "1"), PUT("b", "1"), PUT("c", "1"), TAKE("a", "1")}},
    {"with every slot in use a put has to wait, and changes nothing",
     {PUT("a", "1"), PUT("b", "1"), PUT("c", "1"), PUT_IS("d", "1", NX_WOULD_BLOCK),
      PUT_IS("a", "2", NX_WOULD_BLOCK), TAKE("a", "1"), TAKE("b", "1"), TAKE("c", "1"),
      TAKE_NOTHING}},
    {"a slot is free again when its event is taken, not when it is answered",
     {PUT("a", "1"), PUT("b", "1"), PUT("c", "1"), TAKE("a", "1"), DONE("a"),
      PUT_IS("d", "1", NX_WOULD_BLOCK), TOLD("a"), PUT("d", "1")}},
    {"a value of exactly the bound is taken",
     {PUT("a", "1234"), TAKE("a", "1234")}},
    {"a value one over the bound is refused, and the one that waits stays",
     {PUT("a", "1"), PUT_IS("a", "12345", NX_E_LIMIT), TAKE("a", "1")}},
    {"an empty value is a value",
     {PUT("a", ""), TAKE("a", ""), DONE("a"), TOLD("a")}},
    {"a key that is none is refused by every verb",
     {PUT_IS("A", "1", NX_E_INVALID), REMOVE_IS("A", NX_E_INVALID), ASIDE_IS("A", NX_E_INVALID),
      IDLE}},
    {"a request is answered once",
     {PUT("a", "1"), TAKE("a", "1"), DONE("a"), ANSWER_IS("a", NX_E_IO, NX_E_NOT_FOUND),
      TOLD("a"), ANSWER_IS("a", NX_E_IO, NX_E_NOT_FOUND), TOLD_NOTHING}},
    {"an answer that is part of a conversation is no answer",
     {PUT("a", "1"), TAKE("a", "1"), ANSWER_IS("a", NX_WOULD_BLOCK, NX_E_INVALID), TOLD_NOTHING,
      DONE("a"), TOLD("a")}},
};

static const struct {
    const char *name;
    const char *key;
    bool is_valid;
} keys[] = {
    {"a key may have letters, digits and three marks", "az09._-", true},
    {"a key may begin with a digit", "0", true},
    {"a key of the longest length is one",
     "0123456789012345678901234567890123456789012345678901234567890123", true},
    {"a key one longer is none",
     "01234567890123456789012345678901234567890123456789012345678901234", false},
    {"nothing is no key", "", false},
    {"a key does not begin with a dot, it would be hidden", ".a", false},
    {"a key does not begin with a dash, it would be an option", "-a", false},
    {"a key does not begin with an underscore", "_a", false},
    {"a key is no path", "a/b", false},
    {"a key does not go up", "..", false},
    {"upper-case letters are refused, so that no file system folds two keys into one", "A", false},
    {"a space is refused", "a b", false},
    {"a brace is refused", "a{b}", false},
    {"a byte over 127 is refused", "a\xc3\xa4", false},
    {"a key is not the name of something set aside", "a.bad", false},
    {"nor of the second thing set aside", "a.bad-2", false},
    {"nor has it that name in its middle", "a.bad.json", false},
    {"three of the four characters are fine", "a.ba", true},
    {"and so is the word without its dot", "abad", true},
};
/* clang-format on */

struct bench {
    struct nx_store store;
    uint8_t memory[SLOT_COUNT * VALUE_CAP];
    struct nx_store_request taken[8];
    size_t taken_count;
};

static void take(struct bench *b, const struct step *step)
{
    struct nx_store_request *request = &b->taken[b->taken_count];

    NEED(nx_store_output(&b->store, request));
    b->taken_count++;
    EXPECT_TEXT(request->key, step->key);
    EXPECT_BYTES(request->value, nx_bytes_of_text(step->value));
}

static void answer(struct bench *b, const struct step *step)
{
    uint64_t id = 0;

    for (size_t i = 0; i < b->taken_count; i++) {
        if (nx_bytes_equal(nx_bytes_of_text(b->taken[i].key), nx_bytes_of_text(step->key)))
            id = b->taken[i].id;
    }
    EXPECT_STATUS(nx_store_answer(&b->store, id, step->status, NULL), step->want);
}

static void tell(struct bench *b, const struct step *step)
{
    struct nx_store_event event;

    NEED(nx_store_event(&b->store, &event));
    EXPECT_TEXT(event.key, step->key);
    EXPECT_STATUS(event.status, step->want);
}

static void play(struct bench *b, const struct step *step)
{
    struct nx_store_request request;
    struct nx_store_event event;

    switch (step->verb) {
    case STEP_PUT:
        EXPECT_STATUS(nx_store_put(&b->store, step->key, nx_bytes_of_text(step->value), NULL),
                      step->want);
        break;
    case STEP_REMOVE:
        EXPECT_STATUS(nx_store_remove(&b->store, step->key, NULL), step->want);
        break;
    case STEP_ASIDE:
        EXPECT_STATUS(nx_store_aside(&b->store, step->key, NULL), step->want);
        break;
    case STEP_TAKE:
        take(b, step);
        break;
    case STEP_TAKE_NOTHING:
        EXPECT(!nx_store_output(&b->store, &request));
        break;
    case STEP_ANSWER:
        answer(b, step);
        break;
    case STEP_TELL:
        tell(b, step);
        break;
    case STEP_TELL_NOTHING:
        EXPECT(!nx_store_event(&b->store, &event));
        break;
    case STEP_IDLE:
        EXPECT_EQ(nx_store_is_idle(&b->store), step->yes);
        break;
    case STEP_NONE:
        break;
    }
}

static void row_of_lending(void)
{
    struct bench b = {.taken_count = 0};
    struct nx_store_request request;
    struct nx_writer value;

    nx_store_init(&b.store, b.memory, VALUE_CAP, SLOT_COUNT);
    unit_row("a value written into lent memory is put without a copy");
    EXPECT_STATUS(nx_store_put(&b.store, "a", nx_bytes_of("x", 1), NULL), NX_OK);
    NEED(nx_store_lend(&b.store, &value) == NX_OK);
    EXPECT_EQ(nx_writer_room(&value), VALUE_CAP);
    nx_write_bytes(&value, nx_bytes_of("lent", 4));
    EXPECT_STATUS(nx_store_put(&b.store, "a", nx_writer_bytes(&value), NULL), NX_OK);
    NEED(nx_store_output(&b.store, &request));
    EXPECT_BYTES(request.value, nx_bytes_of("lent", 4));
    EXPECT(request.value.ptr == value.ptr);

    unit_row("lending puts nothing, and leaves what waits as it was");
    NEED(nx_store_lend(&b.store, &value) == NX_OK);
    nx_write_bytes(&value, nx_bytes_of("gone", 4));
    EXPECT(!nx_store_output(&b.store, &request));

    unit_row("nothing is lent when every slot is in use");
    EXPECT_STATUS(nx_store_put(&b.store, "b", nx_bytes_of("x", 1), NULL), NX_OK);
    EXPECT_STATUS(nx_store_put(&b.store, "c", nx_bytes_of("x", 1), NULL), NX_OK);
    EXPECT_STATUS(nx_store_lend(&b.store, &value), NX_WOULD_BLOCK);
    EXPECT_EQ(b.store.high_water, SLOT_COUNT);
}

static void row_of_sequence(void)
{
    struct bench b = {.taken_count = 0};
    struct nx_store_request request;
    struct nx_store_event event;
    struct nx_why why;
    uint64_t first = 0;
    uint64_t second = 0;

    nx_store_init(&b.store, b.memory, VALUE_CAP, SLOT_COUNT);
    unit_row("the event names the newest put that it settles, and why it failed");
    EXPECT_STATUS(nx_store_put(&b.store, "a", nx_bytes_of("1", 1), &first), NX_OK);
    EXPECT_STATUS(nx_store_put(&b.store, "a", nx_bytes_of("2", 1), &second), NX_OK);
    EXPECT(first < second);
    NEED(nx_store_output(&b.store, &request));
    EXPECT_EQ(request.kind, NX_STORE_PUT);
    nx_why_set(&why, "the disk is full");
    EXPECT_STATUS(nx_store_answer(&b.store, request.id, NX_E_NO_SPACE, &why), NX_OK);
    NEED(nx_store_event(&b.store, &event));
    EXPECT_EQ(event.sequence, second);
    EXPECT_EQ(event.kind, NX_STORE_PUT);
    EXPECT_TEXT(event.why.text, "the disk is full");

    unit_row("a kind reaches the driver as it was asked for");
    EXPECT_STATUS(nx_store_remove(&b.store, "a", &first), NX_OK);
    EXPECT_STATUS(nx_store_aside(&b.store, "b", &second), NX_OK);
    NEED(nx_store_output(&b.store, &request));
    EXPECT_EQ(request.kind, NX_STORE_REMOVE);
    EXPECT_EQ(request.id, first);
    NEED(nx_store_output(&b.store, &request));
    EXPECT_EQ(request.kind, NX_STORE_ASIDE);
    EXPECT_EQ(request.id, second);
}

static void row_of_aside_names(void)
{
    char name[NX_STORE_NAME_MAX + 1];

    unit_row("what is set aside is numbered from the second on");
    nx_store_aside_name("registry.json", 1, name);
    EXPECT_TEXT(name, "registry.json.bad");
    nx_store_aside_name("registry.json", 2, name);
    EXPECT_TEXT(name, "registry.json.bad-2");

    unit_row("the longest key and the last number fit");
    nx_store_aside_name("0123456789012345678901234567890123456789012345678901234567890123",
                        NX_STORE_ASIDE_MAX, name);
    EXPECT_EQ(nx_bytes_of_text(name).len, NX_STORE_NAME_MAX);
}

UNIT_SUITE(store_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct bench b = {.taken_count = 0};

        unit_row(cases[i].name);
        nx_store_init(&b.store, b.memory, VALUE_CAP, SLOT_COUNT);
        for (size_t k = 0; k < NX_COUNT_OF(cases[i].steps); k++)
            play(&b, &cases[i].steps[k]);
    }
    for (size_t i = 0; i < NX_COUNT_OF(keys); i++) {
        unit_row(keys[i].name);
        EXPECT_EQ(nx_store_key_is_valid(keys[i].key), keys[i].is_valid);
    }
    row_of_lending();
    row_of_sequence();
    row_of_aside_names();
}
