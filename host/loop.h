/* Loop: the one place where a host process waits.
 *
 *     for (;;) {
 *         now = nx_clock_now();
 *         …  hand in the time, take events, write what wants to leave
 *         nx_loop_wait(&loop, deadline);
 *     }
 *
 * Over libuv. Whoever waits for something (sockets, a signal) registers with the loop; what came is
 * then taken from there. Nothing of the owner is called from inside. */
#ifndef NX_HOST_LOOP_H
#define NX_HOST_LOOP_H

#include "core/base/status.h"
#include "core/base/time.h"

#include <uv.h>

#define NX_LOOP_SIGNALS_MAX 4

struct nx_loop {
    uv_loop_t uv;
    uv_timer_t alarm;
    uv_signal_t signals[NX_LOOP_SIGNALS_MAX];
    bool has_come[NX_LOOP_SIGNALS_MAX];
    uint32_t signal_count;
};

/* NX_OK; NX_E_NO_MEMORY: no descriptor or memory for it. May not move afterwards. */
NX_MUST_CHECK enum nx_status nx_loop_init(struct nx_loop *loop);

/* Gives everything back. What was registered by others has to be closed before. */
void nx_loop_wipe(struct nx_loop *loop);

/* From now on this signal wakes the loop instead of doing what it would.
 * NX_OK; NX_E_LIMIT: NX_LOOP_SIGNALS_MAX are watched; NX_E_INVALID: no such signal can be. */
NX_MUST_CHECK enum nx_status nx_loop_watch(struct nx_loop *loop, int signal);

/* A signal that came, told once however often it did. False: none. */
bool nx_loop_signal(struct nx_loop *loop, int *signal);

/* Wait until something comes or it is `until`, which may be NX_NEVER or already past: then what is
 * there is collected and nothing waited for. May return early, with nothing. */
void nx_loop_wait(struct nx_loop *loop, struct nx_instant until);

#endif
