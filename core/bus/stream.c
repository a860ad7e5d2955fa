#include "core/bus/stream.h"

static bool is_reset(enum dsb_stream_input input)
{
    return input == DSB_STREAM_SEND_RESET || input == DSB_STREAM_RECEIVE_RESET;
}

enum nx_status dsb_stream_enter(enum dsb_stream_state *state, enum dsb_stream_input input)
{
    switch (*state) {
    case DSB_STREAM_OPEN:
        if (is_reset(input))
            *state = DSB_STREAM_RESET;
        else if (input == DSB_STREAM_SEND_CLOSE)
            *state = DSB_STREAM_HALF_CLOSED_LOCAL;
        else
            *state = DSB_STREAM_HALF_CLOSED_REMOTE;
        return NX_OK;
    case DSB_STREAM_HALF_CLOSED_LOCAL:
        if (input == DSB_STREAM_SEND_CLOSE)
            return NX_E_STATE;
        *state = is_reset(input) ? DSB_STREAM_RESET : DSB_STREAM_CLOSED;
        return NX_OK;
    case DSB_STREAM_HALF_CLOSED_REMOTE:
        if (input == DSB_STREAM_RECEIVE_CLOSE)
            return NX_E_STATE;
        *state = is_reset(input) ? DSB_STREAM_RESET : DSB_STREAM_CLOSED;
        return NX_OK;
    case DSB_STREAM_CLOSED:
    case DSB_STREAM_RESET:
        break;
    }
    if (!is_reset(input))
        return NX_E_STATE;
    *state = DSB_STREAM_RESET;
    return NX_OK;
}

const char *dsb_stream_state_name(enum dsb_stream_state state)
{
    switch (state) {
    case DSB_STREAM_OPEN:
        return "open";
    case DSB_STREAM_HALF_CLOSED_LOCAL:
        return "half-closed-local";
    case DSB_STREAM_HALF_CLOSED_REMOTE:
        return "half-closed-remote";
    case DSB_STREAM_CLOSED:
        return "closed";
    case DSB_STREAM_RESET:
        return "reset";
    }
    return "unknown";
}
