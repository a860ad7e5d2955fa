/* Users: what one of two unprivileged users of a machine can do, for tests that run as root. */
#ifndef NX_TESTS_HOST_USERS_H
#define NX_TESTS_HOST_USERS_H

#include "core/base/status.h"

#include <sys/types.h>

#define ROOT  0
#define ALICE 61001
#define BOB   61002

/* `what` as that user, in a process of its own: what it answered. */
enum nx_status as_user(uid_t user, enum nx_status (*what)(const char *path), const char *path);

#endif
