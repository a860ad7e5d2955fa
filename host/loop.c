/* The types that libuv's header names, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "host/loop.h"

#include "core/base/check.h"
#include "host/clock.h"

#include <string.h>

/* An idle process wakes once an hour. */
#define WAIT_MAX_MS 3600000u

enum nx_status nx_loop_init(struct nx_loop *loop)
{
    memset(loop, 0, sizeof(*loop));
    if (uv_loop_init(&loop->uv) != 0)
        return NX_E_NO_MEMORY;
    NX_CHECK(uv_timer_init(&loop->uv, &loop->alarm) == 0);
    return NX_OK;
}

void nx_loop_wipe(struct nx_loop *loop)
{
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    for (uint32_t i = 0; i < loop->signal_count; i++)
        uv_close((uv_handle_t *)&loop->signals[i], NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    NX_CHECK(uv_loop_close(&loop->uv) == 0);
}

static void signal_came(uv_signal_t *handle, int signal)
{
    struct nx_loop *loop = handle->data;

    (void)signal;
    loop->has_come[handle - loop->signals] = true;
}

enum nx_status nx_loop_watch(struct nx_loop *loop, int signal)
{
    if (loop->signal_count == NX_LOOP_SIGNALS_MAX)
        return NX_E_LIMIT;

    uv_signal_t *handle = &loop->signals[loop->signal_count];
    if (uv_signal_init(&loop->uv, handle) != 0)
        return NX_E_NO_MEMORY;
    handle->data = loop;
    loop->signal_count++; /* it has to be closed from here on, started or not */
    return uv_signal_start(handle, signal_came, signal) == 0 ? NX_OK : NX_E_INVALID;
}

bool nx_loop_signal(struct nx_loop *loop, int *signal)
{
    for (uint32_t i = 0; i < loop->signal_count; i++) {
        if (loop->has_come[i]) {
            loop->has_come[i] = false;
            *signal = loop->signals[i].signum;
            return true;
        }
    }
    return false;
}

static void alarm_rang(uv_timer_t *alarm)
{
    (void)alarm; /* it ends the wait, that is all */
}

void nx_loop_wait(struct nx_loop *loop, struct nx_instant until)
{
    struct nx_instant now = nx_clock_now();

    if (nx_instant_reached(until, now)) {
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
        return;
    }

    uint64_t wait_ms = nx_duration_between(now, until).ns / 1000000;

    /* Rounded up, since one that is early would be a turn for nothing. It always runs, since a loop in
     * which nothing waits does not wait either. */
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&loop->alarm, alarm_rang,
                         wait_ms < WAIT_MAX_MS ? wait_ms + 1 : WAIT_MAX_MS, 0);
    (void)uv_run(&loop->uv, UV_RUN_ONCE);
    (void)uv_timer_stop(&loop->alarm);
}
