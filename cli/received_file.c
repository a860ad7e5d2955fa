#include "cli/received_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool received_file_temporary(char *path, size_t cap, const char *name)
{
    const char *base = getenv("TMPDIR");

    if (base == NULL || base[0] == '\0')
        base = "/tmp";
    snprintf(path, cap, "%s/%s-XXXXXX", base, name);
    if (mkdtemp(path) != NULL)
        return true;
    snprintf(path, cap, "%s", base); /* the name that was tried tells nobody anything */
    return false;
}

static bool open_folder(struct received_file *file, const char *into)
{
    if (into == NULL) {
        file->folder_is_ours =
            received_file_temporary(file->path, sizeof(file->path), "nexusnet-received");
        if (!file->folder_is_ours)
            return false;
    } else {
        snprintf(file->path, sizeof(file->path), "%s", into);
        if (mkdir(into, 0755) != 0 && errno != EEXIST)
            return false;
    }
    file->folder_len = strlen(file->path);
    file->folder = open(file->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return file->folder >= 0;
}

/* Neither a name that is too long nor a folder of that name is found out about at the end only. */
static bool name_is_free(const struct received_file *file)
{
    struct stat there;

    if (fstatat(file->folder, file->name, &there, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    if (S_ISDIR(there.st_mode))
        errno = EISDIR;
    return !S_ISDIR(there.st_mode);
}

bool received_file_begin(struct received_file *file, const char *into, const char *source)
{
    const char *slash = strrchr(source, '/');
    const char *name = slash == NULL ? source : slash + 1;

    *file = (struct received_file){.folder = -1, .fd = -1};
    if (!open_folder(file, into))
        return false;

    snprintf(file->path + file->folder_len, sizeof(file->path) - file->folder_len, "/%s", name);
    if (strlen(name) >= sizeof(file->name)) {
        errno = ENAMETOOLONG;
        return false;
    }
    snprintf(file->name, sizeof(file->name), "%s", name);
    snprintf(file->part, sizeof(file->part), ".%ld.part", (long)getpid());
    if (!name_is_free(file))
        return false;

    file->fd = openat(file->folder, file->part,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return file->fd >= 0;
}

bool received_file_replaces(const struct received_file *file, int source)
{
    struct stat here, there;

    return fstat(source, &here) == 0 && fstatat(file->folder, file->name, &there, 0) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

bool received_file_write(struct received_file *file, struct nx_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t len = write(file->fd, bytes.ptr, bytes.len);

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return false;
        bytes = nx_bytes_skip(bytes, (size_t)len);
    }
    return true;
}

static bool keep(struct received_file *file, unsigned flags)
{
    if (fsync(file->fd) != 0 ||
        renameat2(file->folder, file->part, file->folder, file->name, flags) != 0 ||
        fsync(file->folder) != 0)
        return false;
    file->is_kept = true;
    return true;
}

bool received_file_keep(struct received_file *file)
{
    return keep(file, 0);
}

bool received_file_keep_new(struct received_file *file)
{
    if (keep(file, RENAME_NOREPLACE))
        return true;
    /* File systems that cannot promise it get a look beforehand instead. */
    return errno == EINVAL && faccessat(file->folder, file->name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
           errno == ENOENT && keep(file, 0);
}

void received_file_drop(struct received_file *file)
{
    if (file->fd >= 0 && !file->is_kept)
        unlinkat(file->folder, file->part, 0);
    if (file->fd >= 0)
        close(file->fd);
    if (file->folder >= 0)
        close(file->folder);
    if (file->folder_is_ours && !file->is_kept) {
        file->path[file->folder_len] = '\0'; /* a folder in $TMPDIR was made for this file alone */
        rmdir(file->path);
    }
    *file = (struct received_file){.folder = -1, .fd = -1};
}
