/* prctl, and the constants that the rules name, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/sandbox/sandbox_internal.h"

#include "core/base/text.h"

#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the list ------------------------------------------------------------------------------- */

/* Whatever their arguments are. */
static const int always[] = {
    /* clang-format off */
    /* waiting, and the loop's own descriptors */
    SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_wait), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(restart_syscall), SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(clock_nanosleep),
    /* sockets that are there */
    SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(getpeername),
    SCMP_SYS(getsockname), SCMP_SYS(getsockopt), SCMP_SYS(listen), SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown),
    /* files, as far as this user may */
    SCMP_SYS(close), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(fchmod),
    SCMP_SYS(fchmodat), SCMP_SYS(fcntl), SCMP_SYS(fdatasync), SCMP_SYS(flock), SCMP_SYS(fstat),
    SCMP_SYS(fstatfs), SCMP_SYS(fsync), SCMP_SYS(ftruncate), SCMP_SYS(getdents64),
    SCMP_SYS(linkat), SCMP_SYS(lseek), SCMP_SYS(mkdirat), SCMP_SYS(newfstatat), SCMP_SYS(openat),
    SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(read), SCMP_SYS(readlinkat), SCMP_SYS(readv),
    SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(stat), SCMP_SYS(statx),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(write), SCMP_SYS(writev),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(mlock2), SCMP_SYS(mremap), SCMP_SYS(munlock),
    SCMP_SYS(munmap),
    /* time, chance, itself */
    SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),
    SCMP_SYS(getegid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(getuid), SCMP_SYS(umask), SCMP_SYS(uname),
    /* signals and the end */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack), SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* clang-format on */
};

/* With these arguments alone. */
struct rule {
    int call;
    unsigned count;
    struct scmp_arg_cmp wanted[3];
};

#define ARGUMENT_IS(n, value)    \
    {                            \
        n, SCMP_CMP_EQ, value, 0 \
    }
#define ARGUMENT_HAS(n, mask, value)       \
    {                                      \
        n, SCMP_CMP_MASKED_EQ, mask, value \
    }
#define SOCKET(family, type)                                   \
    {                                                          \
        SCMP_SYS(socket), 2,                                   \
        {                                                      \
            ARGUMENT_IS(0, family), ARGUMENT_HAS(1, 0xf, type) \
        }                                                      \
    }
#define IOCTL(request)                                       \
    {                                                        \
        SCMP_SYS(ioctl), 1,                                  \
        {                                                    \
            ARGUMENT_HAS(1, UINT32_MAX, (uint32_t)(request)) \
        }                                                    \
    }

static const struct rule rules[] = {
    SOCKET(AF_UNIX, SOCK_DGRAM),
    SOCKET(AF_UNIX, SOCK_STREAM),
    SOCKET(AF_UNIX, SOCK_SEQPACKET),
    SOCKET(AF_INET, SOCK_STREAM),
    SOCKET(AF_INET, SOCK_DGRAM),
    SOCKET(AF_INET6, SOCK_STREAM),
    SOCKET(AF_INET6, SOCK_DGRAM),
    {SCMP_SYS(socket),
     3, /* getifaddrs */
     {ARGUMENT_IS(0, AF_NETLINK), ARGUMENT_HAS(1, 0xf, SOCK_RAW), ARGUMENT_IS(2, NETLINK_ROUTE)}},
    IOCTL(FIONBIO),
    IOCTL(FIOCLEX),
    IOCTL(FIONREAD),
    IOCTL(SIOCGIFFLAGS),
    IOCTL(SIOCGIFINDEX),
    IOCTL(SIOCGIFNAME),
    IOCTL(TCGETS),
    {SCMP_SYS(mmap), 1, {ARGUMENT_HAS(2, PROT_EXEC, 0)}},
    {SCMP_SYS(mprotect), 1, {ARGUMENT_HAS(2, PROT_EXEC, 0)}},
    {SCMP_SYS(prlimit64), 1, {ARGUMENT_IS(2, 0)}}, /* it may look at its limits */
};

/* Whoever asks for these is not us. */
static const int deadly[] = {
    SCMP_SYS(execve),           SCMP_SYS(execveat),          SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(init_module),
    SCMP_SYS(finit_module),     SCMP_SYS(kexec_load),        SCMP_SYS(bpf),
};

/* ---- making the filter ----------------------------------------------------------------------- */

static bool is_among_also(int call)
{
    for (const int *also = nx_sandbox_also; *also != __NR_SCMP_ERROR; also++) {
        if (*also == call)
            return true;
    }
    return false;
}

/* 0, or what libseccomp answers: a negative errno. */
static int add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    int failure = 0;

    for (size_t i = 0; i < count && failure == 0; i++) {
        if (action == SCMP_ACT_ALLOW || !is_among_also(calls[i]))
            failure = seccomp_rule_add(filter, action, calls[i], 0);
    }
    return failure;
}

static int add_all(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp own = ARGUMENT_IS(0, (uint64_t)getpid());
    size_t also_count = 0;
    int failure;

    while (nx_sandbox_also[also_count] != __NR_SCMP_ERROR)
        also_count++;
    failure = add_calls(filter, SCMP_ACT_ALLOW, always, sizeof(always) / sizeof(always[0]));
    if (failure == 0)
        failure = add_calls(filter, SCMP_ACT_ALLOW, nx_sandbox_also, also_count);
    if (failure == 0)
        failure =
            add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof(deadly) / sizeof(deadly[0]));
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && failure == 0; i++)
        failure = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rules[i].call, rules[i].count,
                                         rules[i].wanted);
    if (failure == 0) /* abort, of our own process */
        failure = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &own);
    return failure;
}

static int load(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

    if (filter == NULL)
        return -ENOMEM;
    int failure = add_all(filter);
    if (failure == 0) {
        /* What is refused shows in the audit log, where the system keeps one. */
        (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
        failure = seccomp_load(filter);
    }
    seccomp_release(filter);
    return failure;
}

static enum nx_status refuse(struct nx_why *why, enum nx_status status, const char *what, int error)
{
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    nx_text_add(&t, what);
    nx_text_add(&t, ": ");
    nx_text_add(&t, strerror(error));
    return status;
}

enum nx_status nx_sandbox_enter(struct nx_why *why)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return refuse(why, NX_E_IO, "no_new_privs cannot be set", errno);
    int failure = load();
    return failure == 0
               ? NX_OK
               : refuse(why, NX_E_UNSUPPORTED, "system calls cannot be filtered", -failure);
}
