#include "core/bus/pairing_message.h"

enum nx_status dsb_pairing_message_decode(struct nx_bytes payload,
                                          struct dsb_pairing_message *message)
{
    struct nx_reader r = nx_reader_over(payload);
    struct dsb_pairing_message m = {.kind = nx_read_u8(&r)};

    switch (m.kind) {
    case DSB_PAIRING_START:
        /* Another mode has another alphabet: its length is not ours to judge. */
        if (nx_read_u8(&r) != DSB_PAIRING_MODE_ENTER && !r.short_read)
            return NX_E_UNSUPPORTED;
        m.value = nx_read_bytes(&r, DSB_PAIRING_VALUE_LEN).ptr;
        break;
    case DSB_PAIRING_SHARE:
    case DSB_PAIRING_CONFIRM_TYPIST:
    case DSB_PAIRING_CONFIRM_OWNER:
        m.value = nx_read_bytes(&r, DSB_PAIRING_VALUE_LEN).ptr;
        break;
    case DSB_PAIRING_NO:
        m.no = nx_read_u8(&r);
        if (m.no < DSB_PAIRING_NO_BUSY || m.no > DSB_PAIRING_NO_MALFORMED)
            return NX_E_MALFORMED;
        break;
    default: /* a byte from outside, and none of the enumeration's */
        return NX_E_MALFORMED;
    }
    if (r.short_read || r.rest.len != 0)
        return NX_E_MALFORMED;

    *message = m;
    return NX_OK;
}

void dsb_pairing_message_encode(const struct dsb_pairing_message *message, struct nx_writer *out)
{
    nx_write_u8(out, (uint8_t)message->kind);
    if (message->kind == DSB_PAIRING_NO) {
        nx_write_u8(out, (uint8_t)message->no);
        return;
    }
    if (message->kind == DSB_PAIRING_START)
        nx_write_u8(out, DSB_PAIRING_MODE_ENTER);
    nx_write_bytes(out, nx_bytes_of(message->value, DSB_PAIRING_VALUE_LEN));
}

enum nx_status dsb_pairing_no_status(enum dsb_pairing_no no)
{
    switch (no) {
    case DSB_PAIRING_NO_BUSY:
        return NX_E_BUSY;
    case DSB_PAIRING_NO_WRONG_CODE:
        return NX_E_DENIED;
    case DSB_PAIRING_NO_EXPIRED:
        return NX_E_TIMEOUT;
    case DSB_PAIRING_NO_UNSUPPORTED:
        return NX_E_UNSUPPORTED;
    case DSB_PAIRING_NO_CANCELLED:
        return NX_E_ABORTED;
    case DSB_PAIRING_NO_NOT_STORED:
        return NX_E_IO;
    case DSB_PAIRING_NO_MALFORMED:
        return NX_E_MALFORMED;
    }
    NX_CHECK(false);
    return NX_E_MALFORMED;
}
