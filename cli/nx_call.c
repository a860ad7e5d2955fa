/* nx bus call: a typed call of a peer's service.
 *
 * Each method that nx knows is a row: how its body comes from what was typed, and how its answer is shown.
 * The numbers and structs are the schema's. */
#include "cli/nx_commands.h"
#include "cli/nx_show.h"
#include "core/base/limits.h"
#include "host/clock.h"
#include "schemas/node.capnp.h"

#include <inttypes.h>
#include <string.h>

/* Bytes of an echo: what is left of a body beside the struct around it. */
#define ECHO_MAX (DSB_RPC_BODY_MAX - 24)

/* A call under way. */
struct call {
    struct cli *cli;
    char text[ECHO_MAX + 1]; /* what was typed behind the method */
    uint8_t body[DSB_RPC_BODY_MAX];
    uint64_t round_trip_ns;
    struct nx_capn_segment table[NX_CLIENT_SEGMENTS_MAX];
    struct nx_capn_message answered;
};

struct method {
    const char *service;
    const char *name;
    uint16_t number;
    bool takes_text;
    void (*fill)(struct call *call, struct nx_capn_builder *body);
    enum cli_exit (*show)(struct call *call, json_t *page); /* NULL: for a person */
};

/* ---- echo ---------------------------------------------------------------------------------- */

static void fill_echo(struct call *call, struct nx_capn_builder *body)
{
    node_echo_set_data(node_service_echo_call(body), nx_bytes_of_text(call->text));
}

static enum cli_exit show_echo(struct call *call, json_t *page)
{
    struct nx_bytes data = node_echo_get_data(node_service_echo_answer(&call->answered));

    if (call->answered.status == NX_OK && !nx_bytes_equal(data, nx_bytes_of_text(call->text)))
        return cli_fail(call->cli, CLI_FAILED, "the echo is not what was sent");
    if (page != NULL)
        json_object_set_new(page, "text", json_stringn(call->text, data.len));
    else
        printf("%s\n", call->text);
    return CLI_DONE;
}

/* ---- info ---------------------------------------------------------------------------------- */

static void fill_info(struct call *call, struct nx_capn_builder *body)
{
    (void)call;
    (void)node_service_info_call(body);
}

static void add_info(json_t *page, struct node_info_reader info)
{
    struct nx_capn_list limits = node_info_get_limits(info);
    json_t *all = json_object();

    for (uint32_t i = 0; i < limits.count; i++) {
        struct node_limit_reader limit = node_limit_at(limits, i);

        json_object_set_new(all, cli_show(node_limit_get_name(limit)).text,
                            cli_json_number(node_limit_get_value(limit)));
    }
    json_object_set_new(page, "device_id", cli_json_text(node_info_get_device_id(info)));
    json_object_set_new(page, "device_name", cli_json_text(node_info_get_name(info)));
    json_object_set_new(page, "version", cli_json_text(node_info_get_version(info)));
    json_object_set_new(page, "protocol", cli_json_number(node_info_get_protocol(info)));
    json_object_set_new(page, "uptime_ms", cli_json_number(node_info_get_uptime_ms(info)));
    json_object_set_new(page, "sessions", cli_json_number(node_info_get_session_count(info)));
    json_object_set_new(page, "streams", cli_json_number(node_info_get_stream_count(info)));
    json_object_set_new(page, "calls", cli_json_number(node_info_get_call_count(info)));
    json_object_set_new(page, "limits", all);
}

static void print_info(struct node_info_reader info)
{
    struct nx_capn_list limits = node_info_get_limits(info);

    printf("%-13s %s\n", "name", cli_show(node_info_get_name(info)).text);
    printf("%-13s %s\n", "device id", cli_show(node_info_get_device_id(info)).text);
    printf("%-13s %s, protocol %u\n", "version", cli_show(node_info_get_version(info)).text,
           (unsigned)node_info_get_protocol(info));
    printf("%-13s %s\n", "up for", cli_show_ms(node_info_get_uptime_ms(info)).text);
    printf("%-13s sessions %" PRIu32 ", streams %" PRIu32 ", calls answered %" PRIu32 "\n",
           "serves", node_info_get_session_count(info), node_info_get_stream_count(info),
           node_info_get_call_count(info));
    for (uint32_t i = 0; i < limits.count; i++) {
        struct node_limit_reader limit = node_limit_at(limits, i);

        printf("%-13s %s %" PRIu64 "\n", "limit", cli_show(node_limit_get_name(limit)).text,
               node_limit_get_value(limit));
    }
}

static enum cli_exit show_info(struct call *call, json_t *page)
{
    struct node_info_reader info = node_service_info_answer(&call->answered);

    if (page != NULL)
        add_info(page, info);
    else
        print_info(info);
    return CLI_DONE;
}

static const struct method methods[] = {
    {NODE_SERVICE_NAME, "echo", NODE_SERVICE_METHOD_ECHO, true, fill_echo, show_echo},
    {NODE_SERVICE_NAME, "info", NODE_SERVICE_METHOD_INFO, false, fill_info, show_info},
};

/* ---- what was typed ------------------------------------------------------------------------- */

static enum cli_exit find_method(struct cli *cli, const struct method **found)
{
    const char *service = cli->arguments.words[1];
    const char *name = cli->arguments.words[2];

    for (size_t i = 0; i < NX_COUNT_OF(methods); i++) {
        *found = &methods[i];
        if (strcmp(service, methods[i].service) == 0 && strcmp(name, methods[i].name) == 0)
            return CLI_DONE;
    }
    if (strcmp(service, NODE_SERVICE_NAME) != 0)
        return cli_fail(cli, CLI_USAGE, "nx can call the service node, and not '%s'", service);
    return cli_fail(cli, CLI_USAGE, "the service node has the methods echo and info, and no '%s'",
                    name);
}

/* The words behind the method, with blanks between them. */
static enum cli_exit take_text(struct call *call, const struct method *method)
{
    const struct cli_arguments *a = &call->cli->arguments;
    size_t len = 0;

    if (!method->takes_text && a->word_count > 3)
        return cli_fail(call->cli, CLI_USAGE, "%s takes nothing, and '%s' was given it",
                        method->name, a->words[3]);
    for (int i = 3; i < a->word_count; i++) {
        size_t more = strlen(a->words[i]) + (i > 3 ? 1 : 0);

        if (more > ECHO_MAX - len)
            return cli_fail(call->cli, CLI_USAGE, "a TEXT is at most %d bytes", ECHO_MAX);
        if (i > 3)
            call->text[len++] = ' ';
        memcpy(call->text + len, a->words[i], strlen(a->words[i]));
        len += strlen(a->words[i]);
    }
    call->text[len] = '\0';
    return CLI_DONE;
}

/* ---- the call ------------------------------------------------------------------------------- */

static enum cli_exit ask(struct call *call, const struct method *method)
{
    struct cli *cli = call->cli;
    struct nx_capn_builder b;
    struct nx_bytes body;

    nx_capn_builder_init_frame(&b, call->body, sizeof(call->body));
    method->fill(call, &b);
    if (nx_capn_builder_finish(&b, &body) != NX_OK)
        return cli_fail(cli, CLI_FAILED, "the call has no room for that");

    struct dsoftbusd_call_builder asked = dsoftbusd_call_new_root(cli_request(cli));
    dsoftbusd_call_set_peer(asked, nx_bytes_of_text(cli->arguments.words[0]));
    dsoftbusd_call_set_service(asked, nx_bytes_of_text(method->service));
    dsoftbusd_call_set_method(asked, method->number);
    dsoftbusd_call_set_body(asked, body);

    struct nx_instant since = nx_clock_now();
    enum cli_exit code = cli_call(cli, DSOFTBUSD_OPERATION_CALL, CLI_REMOTE_MS);
    call->round_trip_ns = nx_duration_between(since, nx_clock_now()).ns;
    return code;
}

static enum cli_exit show(struct call *call, const struct method *method)
{
    struct dsoftbusd_answer_reader answer = dsoftbusd_answer_root(&call->cli->body);
    bool is_json = cli_is_given(&call->cli->arguments, CLI_JSON);
    json_t *page = is_json ? cli_json_page() : NULL;

    if (nx_capn_message_open(&call->answered, &nx_capn_limits_default,
                             dsoftbusd_answer_get_body(answer), call->table,
                             NX_CLIENT_SEGMENTS_MAX) != NX_OK) {
        json_decref(page);
        return cli_fail(call->cli, CLI_OTHER_VERSION,
                        "that device answered what nx does not understand");
    }
    if (page != NULL) {
        json_object_set_new(page, "id", cli_json_text(dsoftbusd_answer_get_id(answer)));
        json_object_set_new(page, "name", cli_json_text(dsoftbusd_answer_get_name(answer)));
        json_object_set_new(page, "service", json_string(method->service));
        json_object_set_new(page, "method", json_string(method->name));
        json_object_set_new(page, "round_trip_ns", cli_json_number(call->round_trip_ns));
    }
    enum cli_exit code = method->show(call, page);
    if (code == CLI_DONE && call->answered.status != NX_OK)
        code = cli_fail(call->cli, CLI_OTHER_VERSION,
                        "that device answered what nx does not understand");
    if (code == CLI_DONE)
        code = cli_check_body(call->cli);
    if (page != NULL && code == CLI_DONE)
        cli_json_print(stdout, page);
    else
        json_decref(page);
    return code;
}

enum cli_exit cli_bus_call(struct cli *cli)
{
    static struct call call;
    const struct method *method = NULL;
    enum cli_exit code = cli_check_peer(cli, cli->arguments.words[0]);

    call.cli = cli;
    if (code == CLI_DONE)
        code = find_method(cli, &method);
    if (code == CLI_DONE)
        code = take_text(&call, method);
    if (code == CLI_DONE)
        code = cli_open(cli);
    if (code == CLI_DONE)
        code = ask(&call, method);
    return code == CLI_DONE ? show(&call, method) : code;
}
