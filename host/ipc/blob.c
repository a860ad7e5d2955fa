/* memfd_create and its seals, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/ipc/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static bool write_all(int fd, struct nx_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t len = write(fd, bytes.ptr, bytes.len);

        if (len < 0 && errno != EINTR)
            return false;
        bytes = nx_bytes_skip(bytes, len > 0 ? (size_t)len : 0);
    }
    return true;
}

enum nx_status nx_ipc_blob_make(struct nx_bytes bytes, int *fd)
{
    if (bytes.len == 0)
        return NX_E_INVALID;
    int file = memfd_create("nexusnet", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0)
        return errno == ENOMEM || errno == EMFILE || errno == ENFILE ? NX_E_NO_MEMORY : NX_E_IO;
    if (write_all(file, bytes) && fcntl(file, F_ADD_SEALS, SEALS) == 0) {
        *fd = file;
        return NX_OK;
    }
    int error = errno;
    close(file);
    return error == ENOMEM || error == ENOSPC ? NX_E_NO_MEMORY : NX_E_IO;
}

/* Before anything is mapped, and in this order: what is sealed keeps the length that is looked at. */
static bool is_what_was_announced(int fd, uint64_t announced_len)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS); /* fails where there can be none */

    return seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &st) == 0 &&
           (uint64_t)st.st_size == announced_len;
}

enum nx_status nx_ipc_blob_map(int fd, uint64_t announced_len, uint64_t len_max,
                               struct nx_bytes *map)
{
    if (announced_len == 0 || announced_len > len_max || announced_len > SIZE_MAX)
        return NX_E_LIMIT;
    if (!is_what_was_announced(fd, announced_len))
        return NX_E_MALFORMED;
    void *memory = mmap(NULL, (size_t)announced_len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED)
        return NX_E_NO_MEMORY;
    *map = nx_bytes_of(memory, (size_t)announced_len);
    return NX_OK;
}

void nx_ipc_blob_unmap(struct nx_bytes map)
{
    (void)munmap((void *)(uintptr_t)map.ptr, map.len);
}
