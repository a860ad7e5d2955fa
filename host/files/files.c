/* POSIX 2008 and flock, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "host/files/files.h"

#include "core/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define FILE_MODE   0600
#define OTHERS      0077

/* ".<key>.new": no key begins with a dot. */
#define NEW_NAME_MAX (NX_STORE_KEY_MAX + 5)

/* openat is variadic, and a pointer to a function cannot be. */
static int system_openat(int folder, const char *name, int flags, mode_t mode)
{
    return openat(folder, name, flags, mode);
}

const struct nx_files_calls nx_files_system_calls = {
    .openat = system_openat,
    .fchmod = fchmod,
    .read = read,
    .write = write,
    .fsync = fsync,
    .close = close,
    .renameat = renameat,
    .linkat = linkat,
    .unlinkat = unlinkat,
};

/* "<name>: <what>", and `status` for the caller to return. NULL: it goes without saying what of. */
static enum nx_status refuse(struct nx_why *why, enum nx_status status, const char *name,
                             const char *what)
{
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    if (name != NULL) {
        nx_text_add(&t, name);
        nx_text_add(&t, ": ");
    }
    nx_text_add(&t, what);
    return status;
}

/* What the system said about `name`. */
static enum nx_status refuse_errno(struct nx_why *why, const char *name)
{
    bool is_full = errno == ENOSPC || errno == EDQUOT;

    return refuse(why, is_full ? NX_E_NO_SPACE : NX_E_IO, name, strerror(errno));
}

/* Nobody but us could have put there what is there. */
static enum nx_status check_is_ours(const struct stat *st, struct nx_why *why, const char *name)
{
    if (st->st_uid != geteuid())
        return refuse(why, NX_E_DENIED, name, "belongs to another user");
    if ((st->st_mode & OTHERS) != 0)
        return refuse(why, NX_E_DENIED, name,
                      S_ISDIR(st->st_mode) ? "other users can get into this folder (chmod 700 it)"
                                           : "other users can read or write it (chmod 600 it)");
    return NX_OK;
}

/* ---- the folder ---------------------------------------------------------------------------- */

/* A folder just made is there after a loss of power only when its parent was flushed. One whose
 * parent may not be read was made before us, by who may. */
static enum nx_status flush_parent(int folder, struct nx_why *why)
{
    int parent = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (parent < 0)
        return errno == EACCES ? NX_OK : refuse_errno(why, NULL);

    enum nx_status status = fsync(parent) == 0 ? NX_OK : refuse_errno(why, NULL);
    close(parent);
    return status;
}

static enum nx_status check_folder(int folder, struct nx_why *why)
{
    struct stat st;

    if (fstat(folder, &st) != 0)
        return refuse_errno(why, NULL);

    enum nx_status status = check_is_ours(&st, why, NULL);
    if (status != NX_OK)
        return status;
    if (flock(folder, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? refuse(why, NX_E_BUSY, NULL, "in use by another process")
                                    : refuse_errno(why, NULL);
    return flush_parent(folder, why);
}

enum nx_status nx_files_open(struct nx_files *f, const char *path, struct nx_why *why)
{
    *f = (struct nx_files){.folder = -1, .calls = &nx_files_system_calls};

    bool is_made = mkdir(path, FOLDER_MODE) == 0;
    if (!is_made && errno == ENOENT)
        return refuse(why, NX_E_NOT_FOUND, NULL, "the folder above it does not exist");
    if (!is_made && errno != EEXIST)
        return refuse_errno(why, NULL);

    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        if (errno == ELOOP || errno == ENOTDIR)
            return refuse(why, NX_E_DENIED, NULL, "is no folder, or a symbolic link to one");
        return errno == EACCES ? refuse(why, NX_E_DENIED, NULL, strerror(errno))
                               : refuse_errno(why, NULL);
    }

    enum nx_status status = check_folder(folder, why);
    if (status != NX_OK)
        close(folder);
    else
        f->folder = folder;
    return status;
}

void nx_files_close(struct nx_files *f)
{
    if (f->folder >= 0)
        close(f->folder);
    f->folder = -1;
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool exists(const struct nx_files *f, const char *name)
{
    struct stat st;

    return fstatat(f->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum nx_status refuse_open(const struct nx_files *f, const char *key, struct nx_why *why)
{
    char aside[NX_STORE_NAME_MAX + 1];

    if (errno == ELOOP)
        return refuse(why, NX_E_DENIED, key, "is a symbolic link");
    if (errno == EACCES)
        return refuse(why, NX_E_DENIED, key, strerror(errno));
    if (errno != ENOENT)
        return refuse_errno(why, key);

    nx_store_aside_name(key, 1, aside);
    if (exists(f, aside))
        return refuse(why, NX_E_MALFORMED, aside,
                      "kept as damaged, and nothing was put in its place");
    return refuse(why, NX_E_NOT_FOUND, key, "does not exist");
}

/* The whole of an open file into `space`, which has exactly its length. */
static enum nx_status read_all(const struct nx_files *f, int file, uint8_t *space, size_t len)
{
    size_t got_len = 0;

    while (got_len < len) {
        ssize_t got = f->calls->read(file, space + got_len, len - got_len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got == 0 ? EIO : errno; /* it became shorter under our lock */
            return NX_E_IO;
        }
        got_len += (size_t)got;
    }
    return NX_OK;
}

static enum nx_status load_open(const struct nx_files *f, int file, const char *key,
                                struct nx_writer *value, struct nx_why *why)
{
    struct stat st;

    if (fstat(file, &st) != 0)
        return refuse_errno(why, key);
    if (!S_ISREG(st.st_mode))
        return refuse(why, NX_E_DENIED, key, "is no plain file");

    enum nx_status status = check_is_ours(&st, why, key);
    if (status != NX_OK)
        return status;
    if ((uint64_t)st.st_size > nx_writer_room(value)) {
        nx_why_limit(why, key, nx_writer_room(value), (uint64_t)st.st_size);
        return NX_E_LIMIT;
    }

    size_t len = (size_t)st.st_size;
    if (read_all(f, file, value->ptr + value->len, len) != NX_OK)
        return refuse_errno(why, key);
    value->len += len;
    return NX_OK;
}

enum nx_status nx_files_load(const struct nx_files *f, const char *key, struct nx_writer *value,
                             struct nx_why *why)
{
    if (!nx_store_key_is_valid(key))
        return refuse(why, NX_E_INVALID, "store", "that is no key");

    /* O_NONBLOCK: whatever somebody put there, opening it does not wait for anybody. */
    int file = f->calls->openat(f->folder, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    if (file < 0)
        return refuse_open(f, key, why);

    enum nx_status status = load_open(f, file, key, value, why);
    f->calls->close(file);
    return status;
}

/* ---- writing: each answers 0, or -1 with errno ----------------------------------------------- */

static int write_all(const struct nx_files *f, int file, struct nx_bytes value)
{
    while (value.len > 0) {
        ssize_t len = f->calls->write(file, value.ptr, value.len);

        if (len < 0 && errno == EINTR)
            continue;
        if (len <= 0) {
            errno = len == 0 ? EIO : errno;
            return -1;
        }
        value = nx_bytes_skip(value, (size_t)len);
    }
    return 0;
}

/* Removes a name; one that is not there is removed. */
static int unlink_name(const struct nx_files *f, const char *name)
{
    return f->calls->unlinkat(f->folder, name, 0) == 0 || errno == ENOENT ? 0 : -1;
}

/* A new file with this value, flushed: the folder does not know yet that it lasts. */
static int write_new(const struct nx_files *f, const char *name, struct nx_bytes value)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

    if (unlink_name(f, name) != 0)
        return -1;
    int file = f->calls->openat(f->folder, name, flags, FILE_MODE);
    if (file < 0)
        return -1;

    /* fchmod: a umask may have taken from us what we need. */
    bool is_written = f->calls->fchmod(file, FILE_MODE) == 0 && write_all(f, file, value) == 0 &&
                      f->calls->fsync(file) == 0;
    int write_errno = errno;
    bool is_closed = f->calls->close(file) == 0;
    if (!is_written)
        errno = write_errno;
    return is_written && is_closed ? 0 : -1;
}

static int put(const struct nx_files *f, const char *key, struct nx_bytes value)
{
    char name[NEW_NAME_MAX + 1];
    struct nx_text t = nx_text_over(name, sizeof(name));

    nx_text_add(&t, ".");
    nx_text_add(&t, key);
    nx_text_add(&t, ".new");
    if (write_new(f, name, value) != 0 ||
        f->calls->renameat(f->folder, name, f->folder, key) != 0) {
        int first_errno = errno;
        f->calls->unlinkat(f->folder, name, 0);
        errno = first_errno;
        return -1;
    }
    return f->calls->fsync(f->folder);
}

static int remove_value(const struct nx_files *f, const char *key)
{
    return unlink_name(f, key) == 0 ? f->calls->fsync(f->folder) : -1;
}

/* A second name first, then the first one away: linkat is what never overwrites. A crash in between
 * leaves both names, and the value is set aside once more. */
static int set_aside(const struct nx_files *f, const char *key)
{
    char name[NX_STORE_NAME_MAX + 1];
    int linked = -1;

    errno = EEXIST;
    for (uint32_t number = 1; linked != 0 && errno == EEXIST && number <= NX_STORE_ASIDE_MAX;
         number++) {
        nx_store_aside_name(key, number, name);
        linked = f->calls->linkat(f->folder, key, f->folder, name, 0);
    }
    if (linked != 0 || f->calls->fsync(f->folder) != 0)
        return -1;
    return remove_value(f, key);
}

static int perform(const struct nx_files *f, const struct nx_store_request *request)
{
    int done = -1;

    switch (request->kind) {
    case NX_STORE_PUT:
        done = put(f, request->key, request->value);
        break;
    case NX_STORE_REMOVE:
        done = remove_value(f, request->key);
        break;
    case NX_STORE_ASIDE:
        done = set_aside(f, request->key);
        break;
    }
    return done;
}

bool nx_files_step(const struct nx_files *f, struct nx_store *store)
{
    struct nx_store_request request;
    enum nx_status status = NX_OK;
    struct nx_why why = {""};

    if (!nx_store_output(store, &request))
        return false;

    if (perform(f, &request) != 0) {
        bool is_aside = request.kind == NX_STORE_ASIDE;

        if (is_aside && errno == ENOENT)
            status = refuse(&why, NX_E_NOT_FOUND, request.key, "there is nothing to set aside");
        else if (is_aside && errno == EEXIST)
            status = refuse(&why, NX_E_EXISTS, request.key, "too many damaged ones are kept");
        else
            status = refuse_errno(&why, request.key);
    }

    enum nx_status answered = nx_store_answer(store, request.id, status, &why);
    NX_CHECK(answered == NX_OK);
    return true;
}
