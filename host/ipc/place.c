/* struct ucred and flock, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/ipc/place.h"

#include "core/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define FILE_MODE   0600
#define OTHERS      0077

_Static_assert(NX_IPC_PATH_MAX < sizeof(((struct sockaddr_un *)NULL)->sun_path),
               "a path and its end");

static enum nx_status refuse(struct nx_why *why, enum nx_status status, const char *what)
{
    nx_why_set(why, what);
    return status;
}

/* "<what>: <the system's word>" */
static enum nx_status refuse_errno(struct nx_why *why, const char *what)
{
    enum nx_status status = errno == ENOSPC || errno == EDQUOT ? NX_E_NO_SPACE : NX_E_IO;
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    nx_text_add(&t, what);
    nx_text_add(&t, ": ");
    nx_text_add(&t, strerror(errno));
    return status;
}

enum nx_status nx_ipc_peer(int fd, uint32_t *uid, uint32_t *pid)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return NX_E_IO;
    *uid = peer.uid;
    *pid = (uint32_t)peer.pid;
    return NX_OK;
}

/* "DIR/run/" and then "<daemon><end>". */
static void print_path(struct nx_text *t, const char *state_folder, const char *daemon,
                       const char *end)
{
    nx_text_add(t, state_folder);
    nx_text_add(t, "/run");
    if (daemon == NULL)
        return;
    nx_text_add(t, "/");
    nx_text_add(t, daemon);
    nx_text_add(t, end);
}

enum nx_status nx_ipc_path(const char *state_folder, const char *daemon,
                           char path[NX_IPC_PATH_MAX + 1], struct nx_why *why)
{
    size_t len = strlen(state_folder) + strlen("/run/.sock") + strlen(daemon);

    if (len > NX_IPC_PATH_MAX) {
        struct nx_text t = nx_text_over(why->text, sizeof(why->text));

        nx_text_add(&t, "path of the socket in the state folder: limit ");
        nx_text_add_u64(&t, NX_IPC_PATH_MAX);
        nx_text_add(&t, ", asked ");
        nx_text_add_u64(&t, len);
        nx_text_add(&t, "; take a folder with a shorter path");
        return NX_E_LIMIT;
    }
    struct nx_text t = nx_text_over(path, NX_IPC_PATH_MAX + 1);
    print_path(&t, state_folder, daemon, ".sock");
    return NX_OK;
}

/* ---- taking the place ---------------------------------------------------------------------- */

static enum nx_status open_folder(const char *path, int *folder, struct nx_why *why)
{
    struct stat st;
    enum nx_status status = NX_OK;

    if (mkdir(path, FOLDER_MODE) != 0 && errno != EEXIST)
        return errno == ENOENT ? refuse(why, NX_E_NOT_FOUND, "the state folder does not exist")
                               : refuse_errno(why, "run");

    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ELOOP || errno == ENOTDIR)
            return refuse(why, NX_E_DENIED, "run: is no folder, or a symbolic link to one");
        if (errno == EACCES)
            return refuse(why, NX_E_DENIED, "run: this user may not read the folder");
        return refuse_errno(why, "run");
    }
    if (fstat(fd, &st) != 0)
        status = refuse_errno(why, "run");
    else if (st.st_uid != geteuid())
        status = refuse(why, NX_E_DENIED, "run: belongs to another user");
    else if ((st.st_mode & OTHERS) != 0)
        status =
            refuse(why, NX_E_DENIED, "run: other users can get into this folder (chmod 700 it)");

    if (status != NX_OK)
        close(fd);
    else
        *folder = fd;
    return status;
}

static enum nx_status take_lock(struct nx_ipc_place *place, const char *daemon, struct nx_why *why)
{
    char name[NX_IPC_PATH_MAX + 1];
    struct nx_text t = nx_text_over(name, sizeof(name));

    nx_text_add(&t, daemon);
    nx_text_add(&t, ".lock");
    place->lock = openat(place->folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (place->lock < 0)
        return refuse_errno(why, "the lock in run");
    if (flock(place->lock, LOCK_EX | LOCK_NB) == 0)
        return NX_OK;
    return errno == EWOULDBLOCK ? refuse(why, NX_E_BUSY, "another daemon serves this folder")
                                : refuse_errno(why, "the lock in run");
}

/* The socket's name inside its folder. */
static const char *name_of(const struct nx_ipc_place *place)
{
    return strrchr(place->path, '/') + 1;
}

static enum nx_status remove_stale(const struct nx_ipc_place *place, struct nx_why *why)
{
    struct stat st;

    if (fstatat(place->folder, name_of(place), &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? NX_OK : refuse_errno(why, "the socket in run");
    if (!S_ISSOCK(st.st_mode))
        return refuse(why, NX_E_EXISTS, "run: something that is no socket lies in its place");
    return unlinkat(place->folder, name_of(place), 0) == 0 ? NX_OK
                                                           : refuse_errno(why, "the socket in run");
}

/* The folder is closed to others, so that nobody gets at the socket before its mode is what it is to
 * be. That the name can then be found in the folder that was looked at shows that it is there. */
static enum nx_status bind_and_listen(const struct nx_ipc_place *place, int fd, struct nx_why *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, place->path, strlen(place->path) + 1);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return refuse_errno(why, "bind the socket in run");
    if (fchmodat(place->folder, name_of(place), FILE_MODE, 0) != 0 ||
        listen(fd, NX_IPC_BACKLOG_MAX) != 0)
        return refuse_errno(why, "listen on the socket in run");
    return NX_OK;
}

static enum nx_status take(struct nx_ipc_place *place, const char *state_folder, const char *daemon,
                           int *listener, struct nx_why *why)
{
    char run[NX_IPC_PATH_MAX + 1];
    struct nx_text t = nx_text_over(run, sizeof(run));
    enum nx_status status = nx_ipc_path(state_folder, daemon, place->path, why);

    if (status != NX_OK)
        return status;
    print_path(&t, state_folder, NULL, NULL);
    status = open_folder(run, &place->folder, why);
    if (status == NX_OK)
        status = take_lock(place, daemon, why);
    if (status == NX_OK)
        status = remove_stale(place, why);
    if (status != NX_OK)
        return status;

    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return refuse_errno(why, "socket");
    status = bind_and_listen(place, fd, why);
    if (status != NX_OK)
        close(fd);
    else
        *listener = fd;
    return status;
}

static void let_go(struct nx_ipc_place *place)
{
    if (place->lock >= 0)
        close(place->lock); /* and with it, unlock */
    if (place->folder >= 0)
        close(place->folder);
    place->lock = place->folder = -1;
}

enum nx_status nx_ipc_place_take(struct nx_ipc_place *place, const char *state_folder,
                                 const char *daemon, int *listener, struct nx_why *why)
{
    *place = (struct nx_ipc_place){.folder = -1, .lock = -1};
    enum nx_status status = take(place, state_folder, daemon, listener, why);

    if (status != NX_OK)
        let_go(place);
    return status;
}

void nx_ipc_place_leave(struct nx_ipc_place *place)
{
    if (place->folder < 0)
        return;
    (void)unlinkat(place->folder, name_of(place), 0);
    let_go(place);
}
