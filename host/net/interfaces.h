/* Interfaces: the numbers that core knows them by. */
#ifndef NX_HOST_NET_INTERFACES_H
#define NX_HOST_NET_INTERFACES_H

#include "core/base/status.h"

/* The number of the interface called `name` ("eth0").
 * NX_OK; NX_E_NOT_FOUND: there is none. `index` is then untouched. */
NX_MUST_CHECK enum nx_status nx_interface_find(const char *name, uint32_t *index);

/* The number of the loopback interface, whatever it is called.
 * NX_OK; NX_E_NOT_FOUND: there is none that is up; NX_E_NO_MEMORY. */
NX_MUST_CHECK enum nx_status nx_interface_loopback(uint32_t *index);

#endif
