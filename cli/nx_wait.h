/* Wait: the one place where nx waits, for descriptors, a moment, or the person who stops it.
 *
 * A signal that would end the program wakes the wait instead, however close before it came, so that
 * what was begun can be taken back. */
#ifndef NX_CLI_NX_WAIT_H
#define NX_CLI_NX_WAIT_H

#include "core/base/time.h"

#include <poll.h>
#include <stddef.h>

/* At most so many descriptors at once. */
#define CLI_WAIT_MAX 3

/* From now on SIGINT, SIGTERM and SIGHUP wake a wait, and SIGPIPE does nothing. False: errno. */
bool cli_wait_begin(void);

/* A signal that came since this was asked last; 0: none. */
int cli_wait_signal(void);

/* Is there one that was not asked for yet? It is what a call that ended with EINTR asks. */
bool cli_wait_has_signal(void);

/* Wait until a descriptor is ready, a signal came, or it is `until`, which may be NX_NEVER. May return
 * early. One that is -1 is passed over. */
void cli_wait(struct pollfd *descriptors, size_t count, struct nx_instant until);

#endif
