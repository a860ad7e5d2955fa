/* What a trap leaves behind: one line of TAP that ends the run.
 *
 * Written with nothing of core, which may be the very thing that trapped. */
#include "os/semihost/semihost.h"

static void put(const char *text)
{
    size_t len = 0;

    while (text[len] != '\0')
        len++;
    semihost_write(text, len);
}

static void put_hex(uint64_t value)
{
    char digits[16];

    for (size_t i = 0; i < sizeof(digits); i++)
        digits[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 0xf];
    put("0x");
    semihost_write(digits, sizeof(digits));
}

/* The RISC-V Instruction Set Manual, volume II, table of mcause. No interrupt is ever enabled. */
static const char *name_of(uint64_t cause)
{
    static const char *const names[] = {
        "instruction address misaligned",
        "instruction access fault",
        "illegal instruction",
        "breakpoint (a failed NX_CHECK, or undefined behaviour)",
        "load address misaligned",
        "load access fault",
        "store address misaligned",
        "store access fault",
    };

    return cause < sizeof(names) / sizeof(names[0]) ? names[cause] : "another trap";
}

_Noreturn void trap_report(uint64_t cause, uint64_t epc, uint64_t tval)
{
    put("\nBail out! ");
    put(name_of(cause));
    put(": cause ");
    put_hex(cause);
    put(" epc ");
    put_hex(epc);
    put(" tval ");
    put_hex(tval);
    put("\n");
    semihost_exit(SEMIHOST_EXIT_TRAP);
}
