/* Notify: what a service manager is told about this process, if there is one that listens.
 *
 *     nx_notify_init(&n, now)              NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID
 *     nx_notify_say(&n, "READY=1")         it serves; "STOPPING=1": it ends
 *     nx_notify_turn(&n, now)              in each turn of the loop: the watchdog's pat when it is due
 *
 * The protocol of sd_notify(3): one datagram to a local socket, a word a line. It is 40 lines here, and
 * the library that has it brings 300,000 others (docs/adr/0006-what-keeps-the-daemon-in.md).
 *
 * The watchdog is patted by turns alone, so that a loop that hangs, or spins inside one turn, is found;
 * twice as often as the manager asks. A word that finds no room is dropped: nothing waits for it. */
#ifndef NX_HOST_SERVICE_NOTIFY_H
#define NX_HOST_SERVICE_NOTIFY_H

#include "core/base/time.h"

#include <stdbool.h>

struct nx_notify {
    int socket;                      /* connected; -1: nobody listens */
    struct nx_duration pat_interval; /* 0: no watchdog */
    struct nx_instant pat_at;
};

/* Reads the environment and takes its words out of it, so that no child could use them. What it says
 * and cannot be used counts as not said. */
void nx_notify_init(struct nx_notify *n, struct nx_instant now);

/* Tell it `words`. Nothing when nobody listens. */
void nx_notify_say(const struct nx_notify *n, const char *words);

/* A turn of the loop: "WATCHDOG=1" if it is due. */
void nx_notify_turn(struct nx_notify *n, struct nx_instant now);

/* When a turn is due for the watchdog's sake; NX_NEVER without one. */
struct nx_instant nx_notify_deadline(const struct nx_notify *n);

/* Nobody is told anything any more. */
void nx_notify_close(struct nx_notify *n);

#endif
