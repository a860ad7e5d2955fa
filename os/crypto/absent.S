/* The place of a crypto provider where there is none (core/crypto/crypto.h).
 *
 * A unit test that needs one links with these names, and ends before its main with the reason: no
 * function here is ever called, and none pretends to work. */
        .text
        .irp    function, init, equal, wipe, \
                x25519, x25519_public, ed25519_public, ed25519_sign, ed25519_verify, \
                aead_init, aead_wipe, aead_seal, aead_open, \
                sha256, sha256_init, sha256_add, sha256_end, \
                sha512, sha512_init, sha512_add, sha512_end, \
                ristretto_from_hash, ristretto_scalar, ristretto_multiply
        .globl  nx_crypto_\function
nx_crypto_\function:
        .endr
        ebreak

skip:
        la      a0, reason
        la      a1, reason_end
        sub     a1, a1, a0
        call    semihost_write
        li      a0, 0
        call    semihost_exit

        .section .rodata
reason: .ascii  "1..0 # SKIP this build has no crypto provider for the board\n"
reason_end:

        /* What is named here runs before main; main never does, for the run has ended by then. */
        .section .init_array, "aw"
        .dword  skip
