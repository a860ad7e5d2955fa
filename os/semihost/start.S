/* From reset to main, and from any trap to its report. One hart, machine mode, no interrupts.
 *
 * Three regions of physical memory protection turn silent mistakes into traps:
 *
 *   0            4 KiB at NULL                     no access
 *   text_start   code and constants                read and execute
 *   stack_guard  4 KiB below the stack             no access */
#include "os/semihost/semihost.h"

#define PMP_LOCKED  0x80 /* holds in machine mode too */
#define PMP_NAPOT   0x18 /* size and place are in the address */
#define PMP_TOR     0x08 /* from the address before to this one */
#define PMP_RX      0x05
#define PMP_NOTHING (PMP_LOCKED | PMP_NAPOT)
#define PMP_CODE    (PMP_LOCKED | PMP_TOR | PMP_RX)

#define PMP_NAPOT_4K 0x1ff /* or-ed into address >> 2 */

        .option arch, +zicsr

        .section .text.start, "ax"
        .globl  _start
_start:
        .option push
        .option norelax
        la      gp, __global_pointer$
        .option pop
        la      sp, stack_top
        la      t0, trap_entry
        csrw    mtvec, t0

        la      t0, bss_start
        la      t1, bss_end
1:      bgeu    t0, t1, 2f
        sd      zero, 0(t0)
        addi    t0, t0, 8
        j       1b
2:
        li      t0, PMP_NAPOT_4K
        csrw    pmpaddr0, t0
        la      t0, stack_guard
        srli    t0, t0, 2
        ori     t0, t0, PMP_NAPOT_4K
        csrw    pmpaddr1, t0
        la      t0, text_start
        srli    t0, t0, 2
        csrw    pmpaddr2, t0 /* only the lower end of the next one */
        la      t0, text_end
        srli    t0, t0, 2
        csrw    pmpaddr3, t0
        li      t0, PMP_NOTHING | PMP_NOTHING << 8 | PMP_CODE << 24
        csrw    pmpcfg0, t0

        la      s0, init_start
        la      s1, init_end
3:      bgeu    s0, s1, 4f
        ld      t0, 0(s0)
        jalr    t0
        addi    s0, s0, 8
        j       3b
4:
        call    main
        call    semihost_exit

        /* Nothing is saved: a trap is the end of the run. It may be a stack that overflowed. */
        .balign 4
trap_entry:
        la      t0, trap_again
        csrw    mtvec, t0
        la      sp, trap_stack_top
        csrr    a0, mcause
        csrr    a1, mepc
        csrr    a2, mtval
        call    trap_report

        .balign 4
trap_again:
        la      sp, trap_stack_top
        li      a0, SEMIHOST_EXIT_TRAP_TWICE
        call    semihost_exit

        /* The debugger knows these three by being whole words and side by side in one page. */
        .text
        .globl  semihost_call
        .balign 16
semihost_call:
        .option push
        .option norvc
        slli    zero, zero, 0x1f
        ebreak
        srai    zero, zero, 7
        .option pop
        ret
