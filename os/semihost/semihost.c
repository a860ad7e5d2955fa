#include "os/semihost/semihost.h"

enum operation {
    SYS_OPEN = 0x01,
    SYS_WRITE = 0x05,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20,
};

#define OPEN_TO_WRITE               4       /* fopen's "w"; of ":tt" it is standard output */
#define STOPPED_BY_APPLICATION_EXIT 0x20026 /* ADP_Stopped_ApplicationExit */

static intptr_t call(enum operation operation, const uintptr_t *block)
{
    return semihost_call(operation, (uintptr_t)block);
}

static intptr_t console(void)
{
    static intptr_t handle = -1;
    static const char name[] = ":tt";

    if (handle < 0)
        handle = call(SYS_OPEN, (uintptr_t[]){(uintptr_t)name, OPEN_TO_WRITE, sizeof(name) - 1});
    return handle;
}

void semihost_write(const char *text, size_t len)
{
    call(SYS_WRITE, (uintptr_t[]){(uintptr_t)console(), (uintptr_t)text, len});
}

size_t semihost_command_line(char *out, size_t cap)
{
    uintptr_t block[] = {(uintptr_t)out, cap};

    if (call(SYS_GET_CMDLINE, block) != 0) {
        out[0] = '\0';
        return 0;
    }
    return block[1];
}

_Noreturn void semihost_exit(int code)
{
    const uintptr_t block[] = {STOPPED_BY_APPLICATION_EXIT, (uintptr_t)code};

    for (;;)
        call(SYS_EXIT_EXTENDED, block);
}
