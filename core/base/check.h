/* Compiler contract: what must hold for our own code to be right.
 *
 * NX_CHECK stays on in every build and traps inline, so that core needs no symbol from outside.
 * It is for our mistakes only; whatever a peer, a file or a caller's argument can cause is a
 * status (core/base/status.h). */
#ifndef NX_CORE_BASE_CHECK_H
#define NX_CORE_BASE_CHECK_H

#define NX_CHECK(cond) ((cond) ? (void)0 : __builtin_trap())

/* The answer of such a function may not be thrown away. */
#define NX_MUST_CHECK __attribute__((warn_unused_result))

#define NX_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
