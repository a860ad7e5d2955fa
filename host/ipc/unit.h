/* Unit: which unit of the system manager is at the other end of a socket.
 *
 * The kernel names the process that connected by a descriptor (SO_PEERPIDFD, Linux 6.5), and /proc says
 * in which control group it is. A pid alone would not do: by the time /proc is read it may be another
 * process's. So the descriptor is asked last whether that process is still there. Without such a kernel
 * there is no unit, and a uid has to do. */
#ifndef NX_HOST_IPC_UNIT_H
#define NX_HOST_IPC_UNIT_H

#include "core/base/bytes.h"
#include "core/base/status.h"

#define NX_IPC_UNIT_CAP 256 /* as systemd has it, with the terminator */

/* NX_OK: `unit` is "<name>.service"; NX_E_NOT_FOUND: it is in none of the system manager's; NX_E_CLOSED:
 * it ended meanwhile; NX_E_UNSUPPORTED: this kernel does not say, and its uid is all that is known;
 * NX_E_IO. `unit` is empty but for NX_OK. */
NX_MUST_CHECK enum nx_status nx_ipc_peer_unit(int fd, char unit[NX_IPC_UNIT_CAP]);

/* The unit in a text of /proc/PID/cgroup: the service that the path in the one hierarchy begins with,
 * below system.slice and slices of it alone; what users' managers call their own is none.
 * NX_OK; NX_E_NOT_FOUND. */
NX_MUST_CHECK enum nx_status nx_ipc_unit_of_cgroup(struct nx_bytes text,
                                                   char unit[NX_IPC_UNIT_CAP]);

#endif
