/* What the generator makes of an interface: schemas/node.capnp has one. */
#include "core/capn/service.h"

#include "schemas/node.capnp.h"
#include "tests/unit/unit.h"

static uint8_t asked[256], answered[256];

/* What the handlers were told, and what they are to say. */
struct desk {
    uint32_t echo_count, info_count;
    enum nx_status status;
    const char *why;
};

static enum nx_status echo(void *self, struct node_echo_reader params,
                           struct node_echo_builder results, struct nx_why *why)
{
    struct desk *d = self;

    d->echo_count++;
    node_echo_set_data(results, node_echo_get_data(params));
    if (d->why != NULL)
        nx_why_set(why, d->why);
    return d->status;
}

static enum nx_status info(void *self, struct node_info_request_reader params,
                           struct node_info_builder results, struct nx_why *why)
{
    struct desk *d = self;

    (void)params;
    (void)why;
    d->info_count++;
    node_info_set_uptime_ms(results, 42);
    return d->status;
}

static const struct node_service_handlers both = {.on_echo = echo, .on_info = info};
static const struct node_service_handlers only_info = {.on_info = info};

static struct nx_bytes ask_echo(const char *data)
{
    struct nx_capn_builder b;
    struct nx_bytes body = {NULL, 0};

    nx_capn_builder_init_frame(&b, asked, sizeof(asked));
    node_echo_set_data(node_service_echo_call(&b), nx_bytes_of_text(data));
    EXPECT_STATUS(nx_capn_builder_finish(&b, &body), NX_OK);
    return body;
}

/* clang-format off */
static const struct {
    const char *name;
    const struct node_service_handlers *handlers;
    uint16_t method;
    bool has_body;
    enum nx_status says;   /* the handler */
    const char *says_why;
    size_t cap;
    enum nx_status status;
    const char *why;
} cases[] = {
    {"a method answers", &both, 0, true, NX_OK, NULL, sizeof(answered), NX_OK, ""},
    {"an empty body is a struct with every field as it is by default", &both, 0, false, NX_OK, NULL, sizeof(answered),
     NX_OK, ""},
    {"another method answers", &both, 1, false, NX_OK, NULL, sizeof(answered), NX_OK, ""},
    {"a number that no method has", &both, 2, false, NX_OK, NULL, sizeof(answered), NX_E_UNSUPPORTED,
     "the service has no such method"},
    {"the largest number", &both, 65535, false, NX_OK, NULL, sizeof(answered), NX_E_UNSUPPORTED,
     "the service has no such method"},
    {"a method that nothing answers", &only_info, 0, true, NX_OK, NULL, sizeof(answered), NX_E_UNSUPPORTED,
     "the service has no such method"},
    {"a failure keeps its sentence, and nothing of what was filled", &both, 0, true, NX_E_BUSY, "not now", sizeof(answered),
     NX_E_BUSY, "not now"},
    {"an answer that comes later is none yet", &both, 0, true, NX_WOULD_BLOCK, NULL, sizeof(answered), NX_WOULD_BLOCK, ""},
    {"as much room as the answer takes", &both, 0, true, NX_OK, NULL, 32, NX_OK, ""},
    {"a byte less", &both, 0, true, NX_OK, NULL, 31, NX_E_LIMIT, "the answer is longer than there is room for"},
    {"no room at all", &both, 0, true, NX_OK, NULL, 0, NX_E_LIMIT, "the answer is longer than there is room for"},
};
/* clang-format on */

static void serving(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct desk d = {.status = cases[i].says, .why = cases[i].says_why};
        struct nx_bytes body = cases[i].has_body ? ask_echo("hello") : nx_bytes_of(NULL, 0);
        struct nx_bytes reply = {NULL, 0};
        struct nx_why why = {"old"};

        unit_row(cases[i].name);
        EXPECT_STATUS(node_service_serve(cases[i].handlers, &d, cases[i].method, body, answered,
                                         cases[i].cap, &reply, &why),
                      cases[i].status);
        EXPECT_TEXT(why.text, cases[i].why);
        EXPECT_EQ(reply.len > 0, cases[i].status == NX_OK);
    }
}

static void bodies(void)
{
    struct desk d = {.status = NX_OK};
    struct nx_bytes reply = {NULL, 0};
    struct nx_capn_segment table[1];
    struct nx_capn_message m;
    struct nx_why why;

    unit_row("what was asked is what is answered");
    EXPECT_STATUS(node_service_serve(&both, &d, NODE_SERVICE_METHOD_ECHO, ask_echo("hello"),
                                     answered, sizeof(answered), &reply, &why),
                  NX_OK);
    EXPECT_STATUS(nx_capn_message_open(&m, &nx_capn_limits_default, reply, table, 1), NX_OK);
    EXPECT_BYTES(node_echo_get_data(node_service_echo_answer(&m)), nx_bytes_of_text("hello"));

    unit_row("a body that is no message reaches no method");
    d.echo_count = 0;
    EXPECT_STATUS(node_service_serve(&both, &d, NODE_SERVICE_METHOD_ECHO, nx_bytes_of_text("no"),
                                     answered, sizeof(answered), &reply, &why),
                  NX_E_MALFORMED);
    EXPECT(why.text[0] != '\0');
    EXPECT_EQ(d.echo_count, 0);

    unit_row("a body that is broken where the method reads is malformed, whatever the method says");
    struct nx_bytes body = ask_echo("hello");
    asked[16 + 4] = 0xff; /* the length of the data */
    EXPECT_STATUS(node_service_serve(&both, &d, NODE_SERVICE_METHOD_ECHO, body, answered,
                                     sizeof(answered), &reply, &why),
                  NX_E_MALFORMED);
    EXPECT_EQ(reply.len, 0);

    unit_row("methods have the names of the schema, and a number that is none has none");
    EXPECT_TEXT(node_service_method_name(NODE_SERVICE_METHOD_ECHO), "echo");
    EXPECT_TEXT(node_service_method_name(NODE_SERVICE_METHOD_INFO), "info");
    EXPECT_TEXT(node_service_method_name(NODE_SERVICE_METHOD_COUNT), "unknown");
}

UNIT_SUITE(service_test)
{
    serving();
    bodies();
}
