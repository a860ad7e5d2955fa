/* What the files of sandbox share. */
#ifndef NX_HOST_SANDBOX_SANDBOX_INTERNAL_H
#define NX_HOST_SANDBOX_SANDBOX_INTERNAL_H

#include "host/sandbox/sandbox.h"

#include <seccomp.h>

/* Allowed besides, whatever its arguments; ended by __NR_SCMP_ERROR. */
extern const int nx_sandbox_also[];

#endif
