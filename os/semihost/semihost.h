/* Semihosting: how a bare-metal test program speaks to the debugger (here QEMU) that runs it.
 *
 * The calls of "Semihosting for AArch32 and AArch64" (Arm, release 2023Q3) as RISC-V adopted them
 * ("RISC-V Semihosting", version 1.0). For unit tests and the simulator only: the image has a UART and
 * a test device.
 *
 *   start.S ----> main ----> semihost_exit(its answer)
 *      |
 *      +-- any trap ----> trap_report ----> semihost_exit(SEMIHOST_EXIT_TRAP) */
#ifndef NX_OS_SEMIHOST_SEMIHOST_H
#define NX_OS_SEMIHOST_SEMIHOST_H

#define SEMIHOST_EXIT_TRAP       99 /* the program trapped; where and why has been written */
#define SEMIHOST_EXIT_TRAP_TWICE 98 /* and then trapped while writing it */

/* The assembler reads the numbers above. */
#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* Write `len` bytes to the console. Borrows `text`. Nobody is there to hear of a failure. */
void semihost_write(const char *text, size_t len);

/* The command line that QEMU was given, its words joined by blanks, into `out`, terminated.
 * Answers its length; 0, and an empty text, when it does not fit in `cap`. */
size_t semihost_command_line(char *out, size_t cap);

/* End the run; QEMU exits with `code` (0 to 255). */
_Noreturn void semihost_exit(int code);

/* The machine's end of a trap (start.S comes here, on a stack of its own). */
_Noreturn void trap_report(uint64_t cause, uint64_t epc, uint64_t tval);

/* One call: the operation and its parameter, often the address of a block of them (start.S). */
intptr_t semihost_call(uintptr_t operation, uintptr_t parameter);

#endif

#endif
