/* Activation: sockets that a service manager opened for this process before it began (sd_listen_fds(3)):
 * descriptors from 3 on, LISTEN_FDS of them, for the process LISTEN_PID.
 *
 * What each of them is is asked of the system and not of its name: a local socket of sequenced packets
 * that listens is for clients, a TCP socket that listens is for sessions, and anything else is a unit
 * file that is wrong. */
#ifndef NX_HOST_SERVICE_ACTIVATION_H
#define NX_HOST_SERVICE_ACTIVATION_H

#include "core/base/limits.h"
#include "core/base/status.h"

struct nx_activation {
    int clients; /* -1: none */
    char clients_path[NX_IPC_PATH_MAX +
                      1]; /* where it lies; empty when that is too long, or nowhere */
    int listeners[DSB_LISTENERS_MAX];
    uint32_t listener_count;
};

/* Takes what is there, and the words out of the environment. The descriptors are the caller's: they do
 * not block, and do not outlive an exec.
 * NX_OK: also when there is none; NX_E_INVALID: one that nobody here can serve, NX_E_LIMIT: more of a
 * sort than there may be, NX_E_IO: no descriptor is there; `why` has a sentence. */
NX_MUST_CHECK enum nx_status nx_activation_take(struct nx_activation *a, struct nx_why *why);

#endif
