#include "host/sandbox/sandbox_internal.h"

const int nx_sandbox_also[] = {__NR_SCMP_ERROR};

bool nx_sandbox_is_wider(void)
{
    return false;
}
