#include "core/store/store.h"

#include "core/base/memory.h"
#include "core/base/text.h"

#define ASIDE_SUFFIX ".bad"

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool nx_store_key_is_valid(const char *key)
{
    const size_t suffix_len = sizeof(ASIDE_SUFFIX) - 1;
    size_t len = 0;

    for (; key[len] != '\0'; len++) {
        if (len == NX_STORE_KEY_MAX || !is_key_char(key[len]))
            return false;
        if (len + 1 >= suffix_len &&
            memcmp(key + len + 1 - suffix_len, ASIDE_SUFFIX, suffix_len) == 0)
            return false;
    }
    return len > 0 && key[0] != '.' && key[0] != '_' && key[0] != '-';
}

void nx_store_init(struct nx_store *s, void *memory, uint32_t value_cap, uint32_t slot_count)
{
    NX_CHECK(slot_count >= 1 && slot_count <= NX_STORE_WRITES_MAX);
    NX_CHECK(value_cap <= NX_STORE_VALUE_MAX);

    memset(s, 0, sizeof(*s));
    s->values = memory;
    s->value_cap = value_cap;
    s->slot_count = slot_count;
}

static uint8_t *value_of(const struct nx_store *s, const struct nx_store_slot *slot)
{
    return s->values + (size_t)(slot - s->slots) * s->value_cap;
}

static bool is_of(const struct nx_store_slot *slot, enum nx_store_slot_state state, const char *key)
{
    return slot->state == state &&
           nx_bytes_equal(nx_bytes_of_text(slot->event.key), nx_bytes_of_text(key));
}

static struct nx_store_slot *find_free(struct nx_store *s)
{
    for (uint32_t i = 0; i < s->slot_count; i++) {
        if (s->slots[i].state == NX_STORE_SLOT_FREE)
            return &s->slots[i];
    }
    return NULL;
}

static void free_slot(struct nx_store *s, struct nx_store_slot *slot)
{
    slot->state = NX_STORE_SLOT_FREE;
    s->used_count--;
}

enum nx_status nx_store_lend(struct nx_store *s, struct nx_writer *value)
{
    struct nx_store_slot *slot = find_free(s);

    if (slot == NULL)
        return NX_WOULD_BLOCK;
    *value = nx_writer_over(value_of(s, slot), s->value_cap);
    return NX_OK;
}

/* The write that a new one of `kind` makes superfluous: the last of its key that still waits. */
static struct nx_store_slot *find_replaced(struct nx_store *s, enum nx_store_kind kind,
                                           const char *key)
{
    struct nx_store_slot *last = NULL;

    for (uint32_t i = 0; i < s->slot_count; i++) {
        struct nx_store_slot *slot = &s->slots[i];

        if (is_of(slot, NX_STORE_SLOT_WAITING, key) && (last == NULL || slot->place > last->place))
            last = slot;
    }
    if (last == NULL || kind == NX_STORE_ASIDE || last->event.kind == NX_STORE_ASIDE)
        return NULL;
    return last;
}

static enum nx_status submit(struct nx_store *s, enum nx_store_kind kind, const char *key,
                             struct nx_bytes value, uint64_t *sequence)
{
    if (!nx_store_key_is_valid(key))
        return NX_E_INVALID;
    if (value.len > s->value_cap)
        return NX_E_LIMIT;

    struct nx_store_slot *slot = find_free(s);
    if (slot == NULL)
        return NX_WOULD_BLOCK;

    struct nx_store_slot *replaced = find_replaced(s, kind, key);
    if (value.len > 0)
        memmove(value_of(s, slot), value.ptr, value.len);
    *slot = (struct nx_store_slot){
        .state = NX_STORE_SLOT_WAITING,
        .place = replaced != NULL ? replaced->place : s->sequence + 1,
        .value_len = (uint32_t)value.len,
        .event = {.kind = kind, .sequence = ++s->sequence},
    };
    memcpy(slot->event.key, key, nx_bytes_of_text(key).len + 1);

    s->used_count++;
    if (s->used_count > s->high_water)
        s->high_water = s->used_count;
    if (replaced != NULL)
        free_slot(s, replaced);
    if (sequence != NULL)
        *sequence = s->sequence;
    return NX_OK;
}

enum nx_status nx_store_put(struct nx_store *s, const char *key, struct nx_bytes value,
                            uint64_t *sequence)
{
    return submit(s, NX_STORE_PUT, key, value, sequence);
}

enum nx_status nx_store_remove(struct nx_store *s, const char *key, uint64_t *sequence)
{
    return submit(s, NX_STORE_REMOVE, key, nx_bytes_of(NULL, 0), sequence);
}

enum nx_status nx_store_aside(struct nx_store *s, const char *key, uint64_t *sequence)
{
    return submit(s, NX_STORE_ASIDE, key, nx_bytes_of(NULL, 0), sequence);
}

static bool is_key_in_flight(const struct nx_store *s, const char *key)
{
    for (uint32_t i = 0; i < s->slot_count; i++) {
        if (is_of(&s->slots[i], NX_STORE_SLOT_IN_FLIGHT, key))
            return true;
    }
    return false;
}

bool nx_store_output(struct nx_store *s, struct nx_store_request *request)
{
    struct nx_store_slot *next = NULL;

    for (uint32_t i = 0; i < s->slot_count; i++) {
        struct nx_store_slot *slot = &s->slots[i];

        if (slot->state == NX_STORE_SLOT_WAITING && (next == NULL || slot->place < next->place) &&
            !is_key_in_flight(s, slot->event.key))
            next = slot;
    }
    if (next == NULL)
        return false;

    next->state = NX_STORE_SLOT_IN_FLIGHT;
    *request = (struct nx_store_request){
        .id = next->event.sequence,
        .kind = next->event.kind,
        .key = next->event.key,
        .value = nx_bytes_of(value_of(s, next), next->value_len),
    };
    return true;
}

enum nx_status nx_store_answer(struct nx_store *s, uint64_t id, enum nx_status status,
                               const struct nx_why *why)
{
    if (status > NX_OK)
        return NX_E_INVALID;

    for (uint32_t i = 0; i < s->slot_count; i++) {
        struct nx_store_slot *slot = &s->slots[i];

        if (slot->state != NX_STORE_SLOT_IN_FLIGHT || slot->event.sequence != id)
            continue;
        slot->state = NX_STORE_SLOT_ANSWERED;
        slot->event.status = status;
        if (why != NULL && status != NX_OK)
            slot->event.why = *why;
        return NX_OK;
    }
    return NX_E_NOT_FOUND;
}

bool nx_store_event(struct nx_store *s, struct nx_store_event *event)
{
    struct nx_store_slot *oldest = NULL;

    for (uint32_t i = 0; i < s->slot_count; i++) {
        struct nx_store_slot *slot = &s->slots[i];

        if (slot->state == NX_STORE_SLOT_ANSWERED &&
            (oldest == NULL || slot->event.sequence < oldest->event.sequence))
            oldest = slot;
    }
    if (oldest == NULL)
        return false;

    *event = oldest->event;
    free_slot(s, oldest);
    return true;
}

bool nx_store_is_idle(const struct nx_store *s)
{
    return s->used_count == 0;
}

void nx_store_aside_name(const char *key, uint32_t number, char name[NX_STORE_NAME_MAX + 1])
{
    NX_CHECK(number >= 1 && number <= NX_STORE_ASIDE_MAX);

    struct nx_text t = nx_text_over(name, NX_STORE_NAME_MAX + 1);
    nx_text_add(&t, key);
    nx_text_add(&t, ASIDE_SUFFIX);
    if (number > 1) {
        nx_text_add(&t, "-");
        nx_text_add_u64(&t, number);
    }
    NX_CHECK(!t.cut);
}
