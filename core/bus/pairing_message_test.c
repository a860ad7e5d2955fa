#include "core/bus/pairing_message.h"

#include "core/base/hex.h"
#include "tests/unit/unit.h"

#define VALUE "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SHORT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"

static const struct {
    const char *name;
    const char *hex;
    enum nx_status status;
    enum dsb_pairing_message_kind kind;
    enum dsb_pairing_no no;
} cases[] = {
    {"a start carries mode 1 and Ya", "0101" VALUE, NX_OK, DSB_PAIRING_START, 0},
    {"a share carries Yb", "02" VALUE, NX_OK, DSB_PAIRING_SHARE, 0},
    {"the typist's confirmation", "03" VALUE, NX_OK, DSB_PAIRING_CONFIRM_TYPIST, 0},
    {"the owner's confirmation", "04" VALUE, NX_OK, DSB_PAIRING_CONFIRM_OWNER, 0},
    {"a no carries its code", "0501", NX_OK, DSB_PAIRING_NO, DSB_PAIRING_NO_BUSY},
    {"the last code of a no", "0507", NX_OK, DSB_PAIRING_NO, DSB_PAIRING_NO_MALFORMED},
    {"nothing is no message", "", NX_E_MALFORMED, 0, 0},
    {"type 0 is none", "00" VALUE, NX_E_MALFORMED, 0, 0},
    {"type 6 is none", "06" VALUE, NX_E_MALFORMED, 0, 0},
    {"a start without a mode is malformed", "01", NX_E_MALFORMED, 0, 0},
    {"a start without Ya is malformed", "0101", NX_E_MALFORMED, 0, 0},
    {"a start one byte short is malformed", "0101" SHORT, NX_E_MALFORMED, 0, 0},
    {"a start one byte long is malformed", "0101" VALUE "00", NX_E_MALFORMED, 0, 0},
    {"a start of mode 0 is not supported", "0100" VALUE, NX_E_UNSUPPORTED, 0, 0},
    {"a start of mode 2 is not supported, whatever it carries", "0102", NX_E_UNSUPPORTED, 0, 0},
    {"a share one byte short is malformed", "02" SHORT, NX_E_MALFORMED, 0, 0},
    {"a share one byte long is malformed", "02" VALUE "00", NX_E_MALFORMED, 0, 0},
    {"a confirmation one byte short is malformed", "03" SHORT, NX_E_MALFORMED, 0, 0},
    {"a confirmation one byte long is malformed", "04" VALUE "00", NX_E_MALFORMED, 0, 0},
    {"a no without a code is malformed", "05", NX_E_MALFORMED, 0, 0},
    {"a no of code 0 is malformed", "0500", NX_E_MALFORMED, 0, 0},
    {"a no of code 8 is malformed", "0508", NX_E_MALFORMED, 0, 0},
    {"a no one byte long is malformed", "050100", NX_E_MALFORMED, 0, 0},
};

static const struct {
    const char *name;
    enum dsb_pairing_no no;
    enum nx_status status;
} heard[] = {
    {"hearing busy", DSB_PAIRING_NO_BUSY, NX_E_BUSY},
    {"hearing of a wrong code", DSB_PAIRING_NO_WRONG_CODE, NX_E_DENIED},
    {"hearing that the code is gone", DSB_PAIRING_NO_EXPIRED, NX_E_TIMEOUT},
    {"hearing of a mode not known there", DSB_PAIRING_NO_UNSUPPORTED, NX_E_UNSUPPORTED},
    {"hearing that somebody cancelled", DSB_PAIRING_NO_CANCELLED, NX_E_ABORTED},
    {"hearing that nothing could be stored", DSB_PAIRING_NO_NOT_STORED, NX_E_IO},
    {"hearing that we were not understood", DSB_PAIRING_NO_MALFORMED, NX_E_MALFORMED},
};

UNIT_SUITE(pairing_message_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct dsb_pairing_message m = {0};
        uint8_t raw[DSB_PAIRING_MESSAGE_MAX + 1];
        uint8_t again[DSB_PAIRING_MESSAGE_MAX];
        size_t len = nx_bytes_of_text(cases[i].hex).len / 2;

        unit_row(cases[i].name);
        NEED(nx_hex_decode(nx_bytes_of_text(cases[i].hex), raw, len) == NX_OK);
        EXPECT_STATUS(dsb_pairing_message_decode(nx_bytes_of(raw, len), &m), cases[i].status);
        EXPECT_EQ(m.kind, cases[i].kind);
        EXPECT_EQ(m.no, cases[i].no);
        if (cases[i].status != NX_OK)
            continue;

        struct nx_writer w = nx_writer_over(again, sizeof(again));
        dsb_pairing_message_encode(&m, &w);
        EXPECT_BYTES(nx_writer_bytes(&w), nx_bytes_of(raw, len));
        w = nx_writer_over(again, len - 1);
        dsb_pairing_message_encode(&m, &w);
        EXPECT(w.overflow);
    }

    for (size_t i = 0; i < NX_COUNT_OF(heard); i++) {
        unit_row(heard[i].name);
        EXPECT_STATUS(dsb_pairing_no_status(heard[i].no), heard[i].status);
    }
}
