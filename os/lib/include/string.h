/* <string.h> for foreign code that the board compiles: the four functions it has. */
#ifndef NX_OS_LIB_INCLUDE_STRING_H
#define NX_OS_LIB_INCLUDE_STRING_H

#include "core/base/memory.h"

#endif
