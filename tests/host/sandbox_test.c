/* What a process can no longer do once it is in its sandbox, each tried from within by a child. */
#define _GNU_SOURCE

#include "host/sandbox/sandbox.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* How an attempt ended. */
enum {
    FREE = 0,      /* it worked */
    REFUSED = 1,   /* EPERM */
    FAILED = 2,    /* otherwise */
    NO_FILTER = 3, /* this machine has none */
    KILLED = 4,    /* SIGSYS */
    STRANGE = 5,
};

static int outcome(long result)
{
    return result >= 0 ? FREE : errno == EPERM ? REFUSED : FAILED;
}

/* ---- attempts: 0 or more it worked, else errno ---------------------------------------------- */

static int run_a_program(void)
{
    char *const words[] = {(char[]){"true"}, NULL};

    return outcome(execve("/bin/true", words, NULL));
}

static int run_it_by_descriptor(void)
{
    char *const words[] = {(char[]){"true"}, NULL};

    return outcome(syscall(SYS_execveat, open("/bin/true", O_RDONLY | O_CLOEXEC), "", words, NULL,
                           0x1000 /* AT_EMPTY_PATH */));
}

static int trace(void)
{
    return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int read_another(void)
{
    char byte;
    const struct iovec to = {&byte, 1}, from = {&byte, 1};

    return outcome(process_vm_readv(getppid(), &to, 1, &from, 1, 0));
}

static int write_another(void)
{
    char byte = 0;
    const struct iovec to = {&byte, 1}, from = {&byte, 1};

    return outcome(process_vm_writev(getpid(), &to, 1, &from, 1, 0));
}

static int fork_one(void)
{
    return outcome(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int kill_the_parent(void)
{
    return outcome(syscall(SYS_kill, syscall(SYS_getpid), 0));
}

static int packet_socket(void)
{
    return outcome(socket(AF_PACKET, SOCK_RAW, 0));
}

static int raw_socket(void)
{
    return outcome(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static int other_netlink(void)
{
    return outcome(socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT));
}

static int vsock(void)
{
    return outcome(socket(AF_VSOCK, SOCK_STREAM, 0));
}

static int executable_memory(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return outcome(page == MAP_FAILED ? -1 : 0);
}

static int memory_made_executable(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? STRANGE : outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int namespace(void)
{
    return outcome(unshare(CLONE_NEWUSER));
}

static int raise_a_limit(void)
{
    const struct rlimit none = {0, 0};

    return outcome(prlimit(0, RLIMIT_NOFILE, &none, NULL));
}

static int change_user(void)
{
    return outcome(syscall(SYS_setuid, getuid()));
}

static int kernel_program(void)
{
    return outcome(syscall(SYS_bpf, 0, NULL, 0));
}

static int a_ring(void)
{
    return outcome(syscall(425 /* io_uring_setup */, 1, NULL));
}

static int terminal_input(void)
{
    char byte = 'x';

    return outcome(syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, &byte));
}

/* ---- and what has to go on ------------------------------------------------------------------- */

static int its_sockets(void)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6};

    for (size_t i = 0; i < 3; i++) {
        for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
            int fd = socket(families[i], type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

            if (fd < 0 && errno != EAFNOSUPPORT)
                return outcome(-1);
            close(fd);
        }
    }
    return FREE;
}

static int its_interfaces(void)
{
    struct ifaddrs *first;

    if (getifaddrs(&first) != 0)
        return outcome(-1);
    freeifaddrs(first);
    errno = 0;
    return if_nametoindex("lo") == 0 && errno == EPERM ? REFUSED : FREE;
}

static int its_files(void)
{
    char name[] = "/tmp/nexus-sandbox-XXXXXX";
    int fd = mkstemp(name);

    if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0 || fchmod(fd, 0600) != 0)
        return outcome(-1);
    close(fd);
    return outcome(unlink(name));
}

static int its_memory(void)
{
    void *page = malloc(64u << 20);

    if (page == NULL)
        return outcome(-1);
    memset(page, 1, 64u << 20);
    free(page);
    return FREE;
}

/* Not by a call that is tried, but by what it is then: it can gain nothing by any program. */
static int no_new_privs(void)
{
    char text[4096] = "";
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
        return outcome(-1);
    return strstr(text, "NoNewPrivs:\t1") != NULL && strstr(text, "Seccomp:\t2") != NULL ? FREE
                                                                                         : FAILED;
}

static const struct {
    const char *name;
    int (*attempt)(void);
    int wanted;
    bool is_wider; /* a build with sanitizers needs it: nothing can be said */
} cases[] = {
    {"to run a program is the end", run_a_program, KILLED, false},
    {"so is to run one by its descriptor", run_it_by_descriptor, KILLED, false},
    {"so is to be traced", trace, KILLED, true},
    {"so is to read another process", read_another, KILLED, true},
    {"so is to write into one", write_another, KILLED, false},
    {"so is to load a program into the kernel", kernel_program, KILLED, false},
    {"a child is refused", fork_one, REFUSED, true},
    {"a signal is refused", kill_the_parent, REFUSED, true},
    {"a socket for packets is refused", packet_socket, REFUSED, false},
    {"a raw socket is refused", raw_socket, REFUSED, false},
    {"netlink other than routing is refused", other_netlink, REFUSED, false},
    {"a socket of another family is refused", vsock, REFUSED, false},
    {"memory to write and execute is refused", executable_memory, REFUSED, false},
    {"to make memory executable is refused", memory_made_executable, REFUSED, false},
    {"a namespace is refused", namespace, REFUSED, false},
    {"a limit stays what it is", raise_a_limit, REFUSED, false},
    {"a user stays who it is", change_user, REFUSED, false},
    {"a ring of system calls that nobody filters is refused", a_ring, REFUSED, false},
    {"to type into the terminal is refused", terminal_input, REFUSED, false},
    {"its own sockets can be made", its_sockets, FREE, false},
    {"its interfaces can be listed", its_interfaces, FREE, false},
    {"its files can be written", its_files, FREE, false},
    {"memory can be had and given back", its_memory, FREE, false},
    {"it has no new privileges, and a filter", no_new_privs, FREE, false},
};

/* What `attempt` comes to inside. */
static int inside(int (*attempt)(void))
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct nx_why why;
        enum nx_status entered;

        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no core of it */
        entered = nx_sandbox_enter(&why);
        _exit(entered == NX_OK ? attempt() : entered == NX_E_UNSUPPORTED ? NO_FILTER : STRANGE);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return STRANGE;
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? KILLED : STRANGE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : STRANGE;
}

UNIT_SUITE(sandbox_test)
{
    bool has_none = inside(no_new_privs) == NO_FILTER;

    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        unit_row(cases[i].name);
        if (has_none)
            unit_skip("this system filters no calls");
        else if (cases[i].is_wider && nx_sandbox_is_wider())
            unit_skip("the sanitizers of this build need it themselves");
        else
            EXPECT_EQ(inside(cases[i].attempt), cases[i].wanted);
    }
}
