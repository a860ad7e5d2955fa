#define _XOPEN_SOURCE 700

#include "tests/host/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void insist(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(99);
    }
}

void scratch_make(struct scratch *s)
{
    const char *parent = getenv("TMPDIR");

    snprintf(s->path, sizeof(s->path), "%s/nexusnet-XXXXXX", parent != NULL ? parent : "/tmp");
    insist(mkdtemp(s->path) != NULL, s->path);
    insist(chmod(s->path, 0711) == 0, s->path);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st;
    (void)kind;
    (void)place;
    return remove(path);
}

void scratch_remove(struct scratch *s)
{
    nftw(s->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void scratch_path(const struct scratch *s, const char *name, char path[SCRATCH_PATH_MAX])
{
    int len = snprintf(path, SCRATCH_PATH_MAX, "%s/%s", s->path, name);

    insist(len > 0 && len < SCRATCH_PATH_MAX, "scratch path");
}

size_t scratch_name_count(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);

    insist(folder != NULL, path);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count - 2;
}

void scratch_write(const char *path, const void *bytes, size_t len, unsigned mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    insist(file >= 0, path);
    insist(write(file, bytes, len) == (ssize_t)len, path);
    insist(fchmod(file, (mode_t)mode) == 0, path);
    close(file);
}
