/* In place of sandbox_plain.c in a build with sanitizers: what looks for leaks at the end of the process
 * stops it from a thread that traces it; reports need a stack, names of files and the terminal. */
#include "host/sandbox/sandbox_internal.h"

const int nx_sandbox_also[] = {
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(ptrace),
    SCMP_SYS(wait4),
    SCMP_SYS(prctl),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(readlink),
    SCMP_SYS(getdents),
    SCMP_SYS(getppid),
    SCMP_SYS(pipe2),
    SCMP_SYS(open),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(kill),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(setrlimit),
    SCMP_SYS(getrlimit),
    __NR_SCMP_ERROR,
};

bool nx_sandbox_is_wider(void)
{
    return true;
}
