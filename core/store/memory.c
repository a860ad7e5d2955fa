#include "core/store/memory.h"

#include "core/base/memory.h"
#include "core/base/text.h"

#define NONE UINT32_MAX

void nx_store_memory_init(struct nx_store_memory *m, void *memory, uint32_t value_cap,
                          uint32_t held_cap)
{
    NX_CHECK(held_cap <= NX_STORE_HELD_MAX && value_cap <= NX_STORE_VALUE_MAX);

    memset(m, 0, sizeof(*m));
    m->values = memory;
    m->value_cap = value_cap;
    m->held_cap = held_cap;
}

static uint8_t *value_at(const struct nx_store_memory *m, uint32_t index)
{
    return m->values + (size_t)index * m->value_cap;
}

/* Where `name` is held, or NONE; the empty name finds what is not in use. */
static uint32_t find(const struct nx_store_memory *m, const char *name)
{
    for (uint32_t i = 0; i < m->held_cap; i++) {
        if (nx_bytes_equal(nx_bytes_of_text(m->held[i].name), nx_bytes_of_text(name)))
            return i;
    }
    return NONE;
}

static void set_name(struct nx_store_memory *m, uint32_t index, const char *name)
{
    struct nx_text t = nx_text_over(m->held[index].name, sizeof(m->held[index].name));

    nx_text_add(&t, name);
    NX_CHECK(!t.cut);
}

enum nx_status nx_store_memory_find(const struct nx_store_memory *m, const char *name,
                                    struct nx_bytes *value)
{
    uint32_t index = find(m, name);

    if (index == NONE)
        return NX_E_NOT_FOUND;
    *value = nx_bytes_of(value_at(m, index), m->held[index].len);
    return NX_OK;
}

enum nx_status nx_store_memory_load(const struct nx_store_memory *m, const char *key,
                                    struct nx_writer *value)
{
    char aside[NX_STORE_NAME_MAX + 1];
    struct nx_bytes held;

    if (!nx_store_key_is_valid(key))
        return NX_E_INVALID;
    if (nx_store_memory_find(m, key, &held) == NX_OK) {
        if (held.len > nx_writer_room(value))
            return NX_E_LIMIT;
        nx_write_bytes(value, held);
        return NX_OK;
    }
    nx_store_aside_name(key, 1, aside);
    return find(m, aside) == NONE ? NX_E_NOT_FOUND : NX_E_MALFORMED;
}

/* The first `len` bytes of `value` under `name`; a torn write keeps what the old one had behind. */
static enum nx_status write(struct nx_store_memory *m, const char *name, struct nx_bytes value,
                            size_t len)
{
    uint32_t index = find(m, name);

    if (index == NONE)
        index = find(m, "");
    if (index == NONE || value.len > m->value_cap)
        return NX_E_NO_SPACE;

    set_name(m, index, name);
    if (len > 0)
        memcpy(value_at(m, index), value.ptr, len);
    if (len == value.len || m->held[index].len < len)
        m->held[index].len = (uint32_t)len;
    return NX_OK;
}

enum nx_status nx_store_memory_set(struct nx_store_memory *m, const char *name,
                                   struct nx_bytes value)
{
    return write(m, name, value, value.len);
}

static enum nx_status remove_value(struct nx_store_memory *m, const char *key)
{
    uint32_t index = find(m, key);

    if (index != NONE) {
        set_name(m, index, "");
        m->held[index].len = 0;
    }
    return NX_OK;
}

_Static_assert(NX_STORE_HELD_MAX <= NX_STORE_ASIDE_MAX, "one of the names is always free");

static enum nx_status set_aside(struct nx_store_memory *m, const char *key)
{
    char name[NX_STORE_NAME_MAX + 1];
    uint32_t index = find(m, key);
    uint32_t number = 0;

    if (index == NONE)
        return NX_E_NOT_FOUND;
    do
        nx_store_aside_name(key, ++number, name);
    while (find(m, name) != NONE);
    set_name(m, index, name);
    return NX_OK;
}

static enum nx_status perform(struct nx_store_memory *m, const struct nx_store_request *request,
                              bool is_torn)
{
    size_t len = is_torn ? request->value.len / 2 : request->value.len;
    enum nx_status status = NX_E_UNSUPPORTED;

    switch (request->kind) {
    case NX_STORE_PUT:
        status = write(m, request->key, request->value, len);
        break;
    case NX_STORE_REMOVE:
        status = remove_value(m, request->key);
        break;
    case NX_STORE_ASIDE:
        status = set_aside(m, request->key);
        break;
    }
    return status;
}

/* The fault that this write meets. */
static enum nx_store_fault next_fault(struct nx_store_memory *m)
{
    if (m->fault_after == 0 || --m->fault_after > 0)
        return NX_STORE_FAULT_NONE;
    return m->fault;
}

bool nx_store_memory_step(struct nx_store_memory *m, struct nx_store *store)
{
    struct nx_store_request request;
    enum nx_status status = NX_OK;

    if (m->is_off || !nx_store_output(store, &request))
        return false;

    enum nx_store_fault fault = next_fault(m);
    if (fault == NX_STORE_FAULT_REFUSED)
        status = m->fault_status;
    else if (fault != NX_STORE_FAULT_CUT_BEFORE)
        status = perform(m, &request, fault == NX_STORE_FAULT_CUT_TORN);

    m->is_off = fault != NX_STORE_FAULT_NONE && fault != NX_STORE_FAULT_REFUSED;
    if (!m->is_off) {
        enum nx_status answered = nx_store_answer(store, request.id, status, NULL);
        NX_CHECK(answered == NX_OK);
    }
    return true;
}

void nx_store_memory_plan(struct nx_store_memory *m, uint32_t nth, enum nx_store_fault fault,
                          enum nx_status status)
{
    m->fault_after = nth;
    m->fault = fault;
    m->fault_status = status;
}

void nx_store_memory_restart(struct nx_store_memory *m)
{
    m->is_off = false;
    m->fault_after = 0;
}
