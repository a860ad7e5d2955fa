#include "core/base/handle.h"

#define NO_SLOT UINT32_MAX

void nx_handles_init(struct nx_handles *handles, struct nx_handle_slot *slots, uint32_t cap)
{
    NX_CHECK(cap < NO_SLOT);

    for (uint32_t i = 0; i < cap; i++)
        slots[i] = (struct nx_handle_slot){.generation = 1, .next = i + 1 < cap ? i + 1 : NO_SLOT};
    *handles = (struct nx_handles){
        .slots = slots,
        .cap = cap,
        .free_head = cap > 0 ? 0 : NO_SLOT,
    };
}

enum nx_status nx_handle_open(struct nx_handles *handles, struct nx_handle *handle, uint32_t *index)
{
    uint32_t place = handles->free_head;

    if (place == NO_SLOT)
        return NX_E_NO_MEMORY;

    struct nx_handle_slot *slot = &handles->slots[place];
    handles->free_head = slot->next;
    slot->next = place;
    handles->count++;
    handle->value = (uint64_t)slot->generation << 32 | place;
    *index = place;
    return NX_OK;
}

enum nx_status nx_handle_find(const struct nx_handles *handles, struct nx_handle handle,
                              uint32_t *index)
{
    uint32_t place = (uint32_t)handle.value;
    uint32_t generation = (uint32_t)(handle.value >> 32);

    if (place >= handles->cap || generation == 0)
        return NX_E_NOT_FOUND;
    /* The generation of a free place is the next tenant's: it can be guessed before it is given. */
    if (handles->slots[place].generation != generation || handles->slots[place].next != place)
        return NX_E_NOT_FOUND;
    *index = place;
    return NX_OK;
}

enum nx_status nx_handle_close(struct nx_handles *handles, struct nx_handle handle)
{
    uint32_t place;
    enum nx_status status = nx_handle_find(handles, handle, &place);

    if (status != NX_OK)
        return status;

    struct nx_handle_slot *slot = &handles->slots[place];
    handles->count--;
    slot->generation++;
    slot->next = NO_SLOT;
    if (slot->generation != 0) { /* else it has come round: not let again */
        slot->next = handles->free_head;
        handles->free_head = place;
    }
    return NX_OK;
}
