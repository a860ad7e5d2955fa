#include "core/base/handle.h"
#include "tests/unit/unit.h"

UNIT_SUITE(handle_test)
{
    struct nx_handle_slot slots[2];
    struct nx_handles handles;
    struct nx_handle a, b, c;
    uint32_t index = 99;

    nx_handles_init(&handles, slots, NX_COUNT_OF(slots));

    unit_row("before anything is open, nothing is found");
    EXPECT_STATUS(nx_handle_find(&handles, NX_HANDLE_NONE, &index), NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_handle_find(&handles, (struct nx_handle){UINT64_MAX}, &index), NX_E_NOT_FOUND);
    EXPECT_EQ(index, 99);

    unit_row("the handle that a free place will have next finds nothing yet");
    EXPECT_STATUS(nx_handle_find(&handles, (struct nx_handle){(uint64_t)1 << 32}, &index),
                  NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_handle_close(&handles, (struct nx_handle){(uint64_t)1 << 32}), NX_E_NOT_FOUND);

    unit_row("each open handle finds its place");
    EXPECT_STATUS(nx_handle_open(&handles, &a, &index), NX_OK);
    EXPECT_EQ(index, 0);
    EXPECT_STATUS(nx_handle_open(&handles, &b, &index), NX_OK);
    EXPECT_EQ(index, 1);
    EXPECT(a.value != 0 && b.value != 0 && a.value != b.value);
    EXPECT_STATUS(nx_handle_find(&handles, a, &index), NX_OK);
    EXPECT_EQ(index, 0);
    EXPECT_STATUS(nx_handle_find(&handles, b, &index), NX_OK);
    EXPECT_EQ(index, 1);

    unit_row("one more than there are places is refused");
    index = 99;
    c = NX_HANDLE_NONE;
    EXPECT_STATUS(nx_handle_open(&handles, &c, &index), NX_E_NO_MEMORY);
    EXPECT_EQ(c.value, 0);
    EXPECT_EQ(index, 99);
    EXPECT_EQ(handles.count, 2);

    unit_row("a handle is closed once");
    EXPECT_STATUS(nx_handle_close(&handles, a), NX_OK);
    EXPECT_STATUS(nx_handle_close(&handles, a), NX_E_NOT_FOUND);
    EXPECT_EQ(handles.count, 1);

    unit_row("a closed handle finds nothing, neither at once nor when its place is let again");
    EXPECT_STATUS(nx_handle_find(&handles, a, &index), NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_handle_open(&handles, &c, &index), NX_OK);
    EXPECT_EQ(index, 0);
    EXPECT_STATUS(nx_handle_find(&handles, a, &index), NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_handle_close(&handles, a), NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_handle_find(&handles, c, &index), NX_OK);

    unit_row("a place beyond the table is not looked at");
    EXPECT_STATUS(nx_handle_find(&handles, (struct nx_handle){(uint64_t)1 << 32 | 2}, &index),
                  NX_E_NOT_FOUND);

    unit_row("a place whose generations are used up is not let again");
    EXPECT_STATUS(nx_handle_close(&handles, c), NX_OK);
    slots[0].generation = UINT32_MAX; /* as after 4 billion tenants */
    EXPECT_STATUS(nx_handle_open(&handles, &c, &index), NX_OK);
    EXPECT_EQ(c.value, (uint64_t)UINT32_MAX << 32);
    EXPECT_STATUS(nx_handle_close(&handles, c), NX_OK);
    EXPECT_STATUS(nx_handle_open(&handles, &a, &index), NX_E_NO_MEMORY);
    EXPECT_STATUS(nx_handle_find(&handles, c, &index), NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_handle_find(&handles, NX_HANDLE_NONE, &index), NX_E_NOT_FOUND);

    unit_row("the others are let on");
    EXPECT_STATUS(nx_handle_close(&handles, b), NX_OK);
    EXPECT_STATUS(nx_handle_open(&handles, &a, &index), NX_OK);
    EXPECT_EQ(index, 1);

    unit_row("a table of none opens none");
    nx_handles_init(&handles, slots, 0);
    EXPECT_STATUS(nx_handle_open(&handles, &a, &index), NX_E_NO_MEMORY);
}
