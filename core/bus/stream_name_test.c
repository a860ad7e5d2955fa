#include "core/bus/stream_name.h"

#include "tests/unit/unit.h"

#define TEN   "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static const struct {
    const char *name;
    const char *prefix;
    const char *channel;
    enum nx_status status;
    const char *made;
} made[] = {
    {"the channel stands behind the service", "msg/", "chat", NX_OK, "msg/chat"},
    {"a channel may have a slash of its own", "byte/", "a/b", NX_OK, "byte/a/b"},
    {"a channel is UTF-8, not ASCII", "msg/", "gr\xc3\xbc\xc3\x9f", NX_OK,
     "msg/gr\xc3\xbc\xc3\x9f"},
    {"64 bytes in all are a name", "msg/", SIXTY, NX_OK, "msg/" SIXTY},
    {"65 bytes in all are none", "msg/", SIXTY "x", NX_E_INVALID, NULL},
    {"the limit counts bytes, not characters", "byte/", SIXTY "\xc3\xbc", NX_E_INVALID, NULL},
    {"an empty channel is none", "msg/", "", NX_E_INVALID, NULL},
    {"a channel that is not UTF-8 is none", "msg/", "a\xff", NX_E_INVALID, NULL},
    {"a character cut in two is none", "msg/", "a\xc3", NX_E_INVALID, NULL},
};

static const struct {
    const char *name;
    const char *whole;
    const char *prefix;
    const char *channel; /* NULL: not of that service */
} split[] = {
    {"a name of the service gives the channel", "msg/chat", "msg/", "chat"},
    {"a slash in the channel stays there", "msg/a/b", "msg/", "a/b"},
    {"a name of another service is not taken", "byte/chat", "msg/", NULL},
    {"a service without a channel is no name of its", "msg/", "msg/", NULL},
    {"a name shorter than the service is not taken", "ms", "msg/", NULL},
    {"an empty name is not taken", "", "msg/", NULL},
    {"a service that only begins alike is not taken", "msgs/chat", "msg/", NULL},
};

UNIT_SUITE(stream_name_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(made); i++) {
        struct dsb_stream_name name;

        unit_row(made[i].name);
        EXPECT_STATUS(
            dsb_stream_name_make(&name, made[i].prefix, nx_bytes_of_text(made[i].channel)),
            made[i].status);
        if (made[i].made != NULL)
            EXPECT_BYTES(nx_bytes_of(name.text, name.len), nx_bytes_of_text(made[i].made));
    }

    for (size_t i = 0; i < NX_COUNT_OF(split); i++) {
        struct nx_bytes channel = {0};

        unit_row(split[i].name);
        EXPECT_EQ(
            dsb_stream_name_split(nx_bytes_of_text(split[i].whole), split[i].prefix, &channel),
            split[i].channel != NULL);
        if (split[i].channel != NULL)
            EXPECT_BYTES(channel, nx_bytes_of_text(split[i].channel));
    }
}
