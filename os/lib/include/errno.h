/* <errno.h> for foreign code that the board compiles: it may write errno, and nobody reads it. */
#ifndef NX_OS_LIB_INCLUDE_ERRNO_H
#define NX_OS_LIB_INCLUDE_ERRNO_H

#define errno ((int){0}) /* a place of its own at each use */

#define ENOMEM 12
#define ENOSYS 38

#endif
