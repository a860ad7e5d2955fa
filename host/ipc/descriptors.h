/* Descriptors: the room that sendmsg and recvmsg want for those that go along with a message. */
#ifndef NX_HOST_IPC_DESCRIPTORS_H
#define NX_HOST_IPC_DESCRIPTORS_H

#include "core/base/limits.h"

#include <sys/socket.h>

/* Aligned as the system asks. */
union nx_ipc_descriptors {
    struct cmsghdr head;
    unsigned char bytes[CMSG_SPACE(NX_IPC_BLOBS_MAX * sizeof(int))];
};

#endif
