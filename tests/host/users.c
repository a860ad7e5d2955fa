#define _DEFAULT_SOURCE

#include "tests/host/users.h"

#include "tests/unit/unit.h"

#include <grp.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum nx_status as_user(uid_t user, enum nx_status (*what)(const char *path), const char *path)
{
    int ended = 0;

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (setgroups(0, NULL) != 0 || setgid((gid_t)user) != 0 || setuid(user) != 0)
            _exit(99);
        _exit(-(int)what(path));
    }
    EXPECT(waitpid(child, &ended, 0) == child && WIFEXITED(ended));
    return (enum nx_status) - WEXITSTATUS(ended);
}
