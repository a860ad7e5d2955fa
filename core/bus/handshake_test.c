#include "core/bus/handshake.h"

#include "core/base/memory.h"
#include "core/bus/session_duo.h"
#include "tests/unit/unit.h"

static struct session_duo duo; /* for its two devices */
static const struct dsb_session_dial dial = {.protocol = DSB_PROTOCOL_NATIVE};

static struct dsb_handshake initiator, responder;
static uint8_t wire[2 * DSB_HANDSHAKE_FRAME_MAX];
static size_t wire_len;

static void begin(void)
{
    session_duo_begin(&duo, &dial);
    NX_CHECK(dsb_handshake_dial(&initiator, &duo.initiator.credentials, duo.responder.identity.id,
                                duo.responder.identity.noise_static) == NX_OK);
    dsb_handshake_accept(&responder, &duo.responder.credentials);
}

/* The message that is due, onto the wire. */
static void write_next(struct dsb_handshake *from, struct nx_prng *prng)
{
    struct nx_rng rng = nx_prng_as_rng(prng);
    struct nx_writer out = nx_writer_over(wire, sizeof(wire));

    NX_CHECK(dsb_handshake_output(from, &rng, &out) == NX_OK);
    wire_len = out.len;
}

static enum nx_status read_wire(struct dsb_handshake *to)
{
    struct nx_why why = {{0}};
    size_t used;
    enum nx_status status = dsb_handshake_input(to, nx_bytes_of(wire, wire_len), &used, &why);

    EXPECT_EQ(used, status == NX_OK ? wire_len : used);
    EXPECT(status == NX_OK || status == NX_WOULD_BLOCK || why.text[0] != '\0');
    return status;
}

/* As far as message `turn` (0 to 2) being on the wire. Answers who is to read it. */
static struct dsb_handshake *advance(size_t turn)
{
    begin();
    for (size_t i = 0;; i++) {
        struct dsb_handshake *from = i % 2 == 0 ? &initiator : &responder;
        struct dsb_handshake *to = i % 2 == 0 ? &responder : &initiator;

        write_next(from, i % 2 == 0 ? &duo.initiator.prng : &duo.responder.prng);
        if (i == turn)
            return to;
        NX_CHECK(read_wire(to) == NX_OK);
    }
}

/* ---- lengths --------------------------------------------------------------------------------- */

struct length_row {
    const char *name;
    size_t turn;
    uint32_t len;
    enum nx_status status; /* from the four bytes alone */
};

static const struct length_row length_rows[] = {
    {"a first message of no length is refused before its body", 0, 0, NX_E_MALFORMED},
    {"a first message of 47 bytes is refused before its body", 0, 47, NX_E_MALFORMED},
    {"a first message of 48 bytes is waited for", 0, 48, NX_WOULD_BLOCK},
    {"a first message of 49 bytes is refused before its body", 0, 49, NX_E_MALFORMED},
    {"a first message of 2^32 - 1 bytes is refused before its body", 0, UINT32_MAX, NX_E_MALFORMED},
    {"a second message shorter than a key and a tag is refused", 1, 47, NX_E_MALFORMED},
    {"a second message of 2,048 bytes is waited for", 1, 2048, NX_WOULD_BLOCK},
    {"a second message of 2,049 bytes is refused before its body", 1, 2049, NX_E_LIMIT},
    {"a third message shorter than a sealed key and a tag is refused", 2, 63, NX_E_MALFORMED},
    {"a third message of 2,048 bytes is waited for", 2, 2048, NX_WOULD_BLOCK},
    {"a third message of 2,049 bytes is refused before its body", 2, 2049, NX_E_LIMIT},
    {"a third message of 2^32 - 1 bytes is refused before its body", 2, UINT32_MAX, NX_E_LIMIT},
};

static void length_table(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(length_rows); i++) {
        const struct length_row *row = &length_rows[i];
        struct dsb_handshake *to = advance(row->turn);
        struct nx_writer head = nx_writer_over(wire, sizeof(wire));

        unit_row(row->name);
        nx_write_u32be(&head, row->len);
        wire_len = head.len;
        EXPECT_STATUS(read_wire(to), row->status);
        EXPECT_EQ(to->noise.state == DSB_NOISE_WIPED, row->status != NX_WOULD_BLOCK);
    }
}

/* ---- whole messages -------------------------------------------------------------------------- */

static void whole_rows(void)
{
    unit_row("three messages prove both sides to each other");
    EXPECT_STATUS(read_wire(advance(2)), NX_OK);
    EXPECT(dsb_handshake_is_done(&initiator) && dsb_handshake_is_done(&responder));
    EXPECT_BYTES(nx_bytes_of(initiator.peer.ed25519, NX_ED25519_PUBLIC_LEN),
                 nx_bytes_of(duo.responder.identity.ed25519, NX_ED25519_PUBLIC_LEN));
    EXPECT_BYTES(nx_bytes_of(responder.peer.ed25519, NX_ED25519_PUBLIC_LEN),
                 nx_bytes_of(duo.initiator.identity.ed25519, NX_ED25519_PUBLIC_LEN));

    for (size_t turn = 0; turn < 3; turn++) {
        unit_row_number("any beginning of a message is waited for: message", turn + 1);
        struct dsb_handshake *to = advance(turn);
        size_t whole = wire_len;
        for (wire_len = 0; wire_len < whole; wire_len++)
            EXPECT_STATUS(read_wire(to), NX_WOULD_BLOCK);
        EXPECT_STATUS(read_wire(to), NX_OK);

        unit_row_number("a message with any one bit turned ends it: message", turn + 1);
        (void)advance(turn);
        whole = wire_len;
        for (size_t at = 4; at < whole; at += 13) {
            to = advance(turn);
            wire[at] ^= 1;
            EXPECT_STATUS(read_wire(to), NX_E_CRYPTO);
            EXPECT(!dsb_handshake_writes(to) && !dsb_handshake_is_done(to));
        }

        unit_row_number("a message sent back to its sender ends it: message", turn + 1);
        to = advance(turn);
        EXPECT(read_wire(to == &initiator ? &responder : &initiator) < 0);
    }

    unit_row("a device that is not the one that was dialled is not taken, though its key is known");
    begin();
    NX_CHECK(dsb_handshake_dial(&initiator, &duo.initiator.credentials, duo.initiator.identity.id,
                                duo.responder.identity.noise_static) == NX_OK);
    write_next(&initiator, &duo.initiator.prng);
    EXPECT_STATUS(read_wire(&responder), NX_OK);
    write_next(&responder, &duo.responder.prng);
    EXPECT_STATUS(read_wire(&initiator), NX_E_IDENTITY);

    unit_row("somebody else's proof does not prove our static key");
    begin();
    duo.initiator.credentials.proofs[DSB_PROOF_CLIENT] =
        duo.responder.credentials.proofs[DSB_PROOF_CLIENT];
    write_next(&initiator, &duo.initiator.prng);
    EXPECT_STATUS(read_wire(&responder), NX_OK);
    write_next(&responder, &duo.responder.prng);
    EXPECT_STATUS(read_wire(&initiator), NX_OK);
    write_next(&initiator, &duo.initiator.prng);
    EXPECT_STATUS(read_wire(&responder), NX_E_CRYPTO);

    unit_row("without room for the longest message none is written, and none is lost");
    begin();
    struct nx_rng rng = nx_prng_as_rng(&duo.initiator.prng);
    struct nx_writer narrow = nx_writer_over(wire, DSB_HANDSHAKE_FRAME_MAX - 1);
    EXPECT_STATUS(dsb_handshake_output(&initiator, &rng, &narrow), NX_E_LIMIT);
    write_next(&initiator, &duo.initiator.prng);
    EXPECT_STATUS(read_wire(&responder), NX_OK);

    unit_row("who is to read does not write");
    struct nx_writer out = nx_writer_over(wire, sizeof(wire));
    EXPECT_STATUS(dsb_handshake_output(&initiator, &rng, &out), NX_E_STATE);
    dsb_handshake_wipe(&initiator);
    dsb_handshake_wipe(&responder);
    session_duo_wipe(&duo);
}

static void unasked_row(void)
{
    static const uint8_t too_long[] = {0xff, 0xff, 0xff, 0xff};
    size_t used;

    unit_row("who does not ask why is told the status alone");
    begin();
    EXPECT_STATUS(
        dsb_handshake_input(&responder, nx_bytes_of(too_long, sizeof(too_long)), &used, NULL),
        NX_E_MALFORMED);
}

UNIT_SUITE(handshake_test)
{
    unasked_row();
    length_table();
    whole_rows();
}
