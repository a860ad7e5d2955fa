#include "cli/received_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool open_folder(struct received_file *file, const char *into)
{
    const char *base = getenv("TMPDIR");

    if (into != NULL) {
        snprintf(file->path, sizeof(file->path), "%s", into);
        if (mkdir(into, 0755) != 0 && errno != EEXIST)
            return false;
    } else {
        snprintf(file->path, sizeof(file->path), "%s/nexusnet-received-XXXXXX",
                 base != NULL && base[0] != '\0' ? base : "/tmp");
        file->folder_is_ours = mkdtemp(file->path) != NULL;
        if (!file->folder_is_ours)
            return false;
    }
    file->folder = open(file->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return file->folder >= 0;
}

bool received_file_begin(struct received_file *file, const char *into, const char *source)
{
    const char *slash = strrchr(source, '/');
    const char *name = slash == NULL ? source : slash + 1;

    *file = (struct received_file){.folder = -1, .fd = -1};
    if (!open_folder(file, into))
        return false;

    size_t len = strlen(file->path);
    snprintf(file->path + len, sizeof(file->path) - len, "/%s", name);
    if (strlen(name) >= sizeof(file->name)) {
        errno = ENAMETOOLONG;
        return false;
    }
    snprintf(file->name, sizeof(file->name), "%s", name);
    snprintf(file->part, sizeof(file->part), ".%s.%ld.part", name, (long)getpid());

    file->fd = openat(file->folder, file->part,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    file->is_begun = file->fd >= 0;
    return file->is_begun;
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

bool received_file_keep(struct received_file *file)
{
    if (fsync(file->fd) != 0 || renameat(file->folder, file->part, file->folder, file->name) != 0 ||
        fsync(file->folder) != 0)
        return false;
    file->is_begun = false;
    return true;
}

/* A folder in $TMPDIR was made for this file alone; one that was named stays. */
static void drop_folder(struct received_file *file)
{
    char *slash = strrchr(file->path, '/');

    if (file->folder_is_ours && slash != NULL) {
        *slash = '\0';
        rmdir(file->path);
    }
}

void received_file_drop(struct received_file *file)
{
    if (file->is_begun) {
        unlinkat(file->folder, file->part, 0);
        drop_folder(file);
    }
    if (file->is_begun || file->name[0] != '\0') {
        if (file->fd >= 0)
            close(file->fd);
        if (file->folder >= 0)
            close(file->folder);
    }
    *file = (struct received_file){.folder = -1, .fd = -1};
}
