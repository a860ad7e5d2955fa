/* Process: what this one allows itself, and what it says to whoever started it. */
#ifndef NX_DAEMONS_DSOFTBUSD_PROCESS_H
#define NX_DAEMONS_DSOFTBUSD_PROCESS_H

#include "core/base/bytes.h"

#include <stdint.h>

/* Before anything secret is in memory: no core dump, and no other process of this user may look
 * inside; whatever it makes is its owner's alone; an end that nobody reads is an error of that write
 * and not the end of this process. False, with a line said: the system does not let it. */
bool dsoftbusd_process_harden(void);

/* Ask for descriptors: `count` of them, for sockets and whatever else is open. Answers how many there may
 * be, which is said when it is fewer. */
uint32_t dsoftbusd_process_want_descriptors(uint32_t count);

/* Zeros on pages that take memory once they are used; NULL: there is none. */
void *dsoftbusd_process_map(uint64_t len);

/* One line on standard error, "dsoftbusd: " in front; names in it are made fit to show. Dropped when it
 * could only be said by waiting. */
__attribute__((format(printf, 1, 2))) void dsoftbusd_process_log(const char *format, ...);

/* One line on standard output, for nx_markers; likewise. */
void dsoftbusd_process_marker(void *owner, struct nx_bytes line);

#endif
