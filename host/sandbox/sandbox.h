/* Sandbox: the system calls that a daemon still makes once it serves, and no other.
 *
 *     start-up: files, sockets, memory, keys          everything is allowed
 *     nx_sandbox_enter                                one way, for the life of the process
 *     turns                                           what the list names
 *
 * A call that is not on the list fails with EPERM, as if it were not permitted to this user: what we did
 * not think of degrades, and whoever got code into the process has nothing by it. Calls that nothing of
 * ours ever makes and every such intruder wants (another program, another process' memory) end the
 * process at once (SIGSYS). Both are in the system's audit log ("type=1326 ... syscall=").
 *
 * Sockets are local, IPv4, IPv6 and routing netlink (the list of interfaces); nothing else, and no raw
 * ones. No memory becomes executable that was not. No privilege can be gained by any means
 * (no_new_privs), also where the system has no filters. */
#ifndef NX_HOST_SANDBOX_SANDBOX_H
#define NX_HOST_SANDBOX_SANDBOX_H

#include "core/base/status.h"

/* NX_OK; NX_E_UNSUPPORTED: this system, or what it runs in, has no filters: no_new_privs is set all the
 * same; NX_E_IO: neither. `why` has a sentence. */
NX_MUST_CHECK enum nx_status nx_sandbox_enter(struct nx_why *why);

/* A build with sanitizers needs more at its end: threads, and a look at its own process. What is then
 * allowed is in a file of its own, and this is true. */
bool nx_sandbox_is_wider(void);

#endif
