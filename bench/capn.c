/* Cap'n Proto: what it costs to make a message and to read all of it, beside the C++ library of the
 * distribution where that is installed (capn_reference.cpp), in the same run.
 *
 * Both make a framed message in memory that is there already, and read one where it lies. "utf8"
 * is ours with the check of texts that the library does not have. */
#include "bench/capn.h"
#include "bench/measure.h"
#include "core/base/limits.h"
#include "core/capn/packed.h"
#include "schemas/bundlemgr.capnp.h"
#include "schemas/dsoftbus.capnp.h"

#include <stdio.h>
#include <string.h>

#define APP_COUNT 20u
#define CAP_COUNT 3u

static const char id[] = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";
static uint8_t payload[1024];

static const struct nx_capn_limits raw = {
    .words_max = NX_CAPN_WORDS_MAX,
    .traversal_words_max = NX_CAPN_TRAVERSAL_WORDS_MAX,
    .depth_max = NX_CAPN_DEPTH_DEFAULT,
};

struct message {
    _Alignas(8) uint8_t bytes[8192];
    size_t len;
    const struct nx_capn_limits *limits;
    uint64_t sum; /* of all that was read */
};

static void finish(struct message *message, struct nx_capn_builder *b)
{
    struct nx_bytes made;

    measure_need(nx_capn_builder_finish(b, &made) == NX_OK, "a message does not fit");
    message->len = made.len;
    measure_keep(message->bytes);
}

static void open_message(struct message *message, struct nx_capn_message *m,
                         struct nx_capn_segment *table)
{
    measure_need(nx_capn_message_open(m, message->limits, nx_bytes_of(message->bytes, message->len),
                                      table, 1) == NX_OK,
                 "a message does not open");
}

static void done(struct message *message, const struct nx_capn_message *m, uint64_t sum)
{
    measure_need(m->status == NX_OK, "a message does not read");
    message->sum = sum;
    measure_keep(message);
}

/* What is read of bytes: where they are and how many. */
static uint64_t weigh(struct nx_bytes bytes)
{
    return bytes.len + (bytes.len > 0 ? bytes.ptr[0] : 0u);
}

/* ---- a ConnectRequest: six fields, two of them bytes -------------------------------------------- */

static void make_request(void *context)
{
    struct message *message = context;
    struct nx_capn_builder b;

    nx_capn_builder_init_frame(&b, message->bytes, sizeof(message->bytes));
    struct dsoftbus_connect_request_builder request = dsoftbus_connect_request_new_root(&b);
    dsoftbus_connect_request_set_device_id(request, nx_bytes_of(id, 64));
    dsoftbus_connect_request_set_protocol(request, 1);
    dsoftbus_connect_request_set_features(request, 7);
    dsoftbus_connect_request_set_attestation(request, nx_bytes_of(payload, 64));
    dsoftbus_connect_request_set_purpose(request, 1);
    dsoftbus_connect_request_set_paired(request, true);
    finish(message, &b);
}

static void read_request(void *context)
{
    struct message *message = context;
    struct nx_capn_segment table[1];
    struct nx_capn_message m;

    open_message(message, &m, table);
    struct dsoftbus_connect_request_reader request = dsoftbus_connect_request_root(&m);
    uint64_t sum = weigh(dsoftbus_connect_request_get_device_id(request));
    sum += dsoftbus_connect_request_get_protocol(request);
    sum += dsoftbus_connect_request_get_features(request);
    sum += weigh(dsoftbus_connect_request_get_attestation(request));
    sum += dsoftbus_connect_request_get_purpose(request);
    sum += dsoftbus_connect_request_get_paired(request);
    done(message, &m, sum);
}

/* ---- a Frame of 1 KiB ----------------------------------------------------------------------- */

static void make_frame(void *context)
{
    struct message *message = context;
    struct nx_capn_builder b;

    nx_capn_builder_init_frame(&b, message->bytes, sizeof(message->bytes));
    struct dsoftbus_frame_builder frame = dsoftbus_frame_new_root(&b);
    dsoftbus_frame_set_chan(frame, 3);
    dsoftbus_frame_set_bytes(frame, nx_bytes_of(payload, sizeof(payload)));
    finish(message, &b);
}

static void read_frame(void *context)
{
    struct message *message = context;
    struct nx_capn_segment table[1];
    struct nx_capn_message m;

    open_message(message, &m, table);
    struct dsoftbus_frame_reader frame = dsoftbus_frame_root(&m);
    uint64_t sum = dsoftbus_frame_get_chan(frame) + weigh(dsoftbus_frame_get_bytes(frame));
    done(message, &m, sum);
}

/* ---- an EnumerateResponse of 20 apps: 120 texts in lists ------------------------------------------ */

static void make_apps(void *context)
{
    struct message *message = context;
    struct nx_capn_builder b;

    nx_capn_builder_init_frame(&b, message->bytes, sizeof(message->bytes));
    struct bundlemgr_enumerate_response_builder response =
        bundlemgr_enumerate_response_new_root(&b);
    struct nx_capn_list_builder apps = bundlemgr_enumerate_response_init_apps(response, APP_COUNT);
    for (uint32_t i = 0; i < APP_COUNT; i++) {
        struct bundlemgr_app_record_builder app = bundlemgr_app_record_edit_at(apps, i);

        bundlemgr_app_record_set_id(app, nx_bytes_of("org.example.notes", 17));
        bundlemgr_app_record_set_display_name(app, nx_bytes_of("Notes and Lists", 15));
        bundlemgr_app_record_set_launch_ability(app, nx_bytes_of("main", 4));
        struct nx_capn_list_builder caps = bundlemgr_app_record_init_required_caps(app, CAP_COUNT);
        for (uint32_t j = 0; j < CAP_COUNT; j++)
            nx_capn_list_set_text(caps, j, nx_bytes_of("bus.stream.open", 15));
    }
    finish(message, &b);
}

static void read_apps(void *context)
{
    struct message *message = context;
    struct nx_capn_segment table[1];
    struct nx_capn_message m;
    uint64_t sum = 0;

    open_message(message, &m, table);
    struct nx_capn_list apps =
        bundlemgr_enumerate_response_get_apps(bundlemgr_enumerate_response_root(&m));
    for (uint32_t i = 0; i < apps.count; i++) {
        struct bundlemgr_app_record_reader app = bundlemgr_app_record_at(apps, i);

        sum += weigh(bundlemgr_app_record_get_id(app));
        sum += weigh(bundlemgr_app_record_get_display_name(app));
        sum += weigh(bundlemgr_app_record_get_launch_ability(app));
        struct nx_capn_list caps = bundlemgr_app_record_get_required_caps(app);
        for (uint32_t j = 0; j < caps.count; j++)
            sum += weigh(nx_capn_list_text(caps, j));
    }
    done(message, &m, sum);
}

/* ---- packed ---------------------------------------------------------------------------------- */

struct packing {
    struct message message;
    uint8_t packed[10240];
    size_t packed_len;
};

static void pack(void *context)
{
    struct packing *p = context;
    struct nx_writer out = nx_writer_over(p->packed, sizeof(p->packed));

    measure_need(nx_capn_pack(nx_bytes_of(p->message.bytes, p->message.len), &out) == NX_OK,
                 "a message does not pack");
    p->packed_len = out.len;
    measure_keep(p->packed);
}

static void unpack(void *context)
{
    struct packing *p = context;
    struct nx_writer out = nx_writer_over(p->message.bytes, sizeof(p->message.bytes));

    measure_need(nx_capn_unpack(nx_bytes_of(p->packed, p->packed_len), &out) == NX_OK,
                 "a message does not unpack");
    measure_keep(p->message.bytes);
}

/* ---- side by side ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    void (*make)(void *context);
    void (*read)(void *context);
    void (*reference_make)(void *context);
    void (*reference_read)(void *context);
} workloads[] = {
    {"ConnectRequest", make_request, read_request, reference_make_request, reference_read_request},
    {"Frame 1 KiB", make_frame, read_frame, reference_make_frame, reference_read_frame},
    {"EnumerateResponse 20 apps", make_apps, read_apps, reference_make_apps, reference_read_apps},
};

/* The same work by both, and how much longer ours took; below 1 it was quicker. */
static void side_by_side(const char *name, const char *what, void (*ours)(void *),
                         void (*theirs)(void *), struct message *message,
                         struct reference *reference)
{
    double our_ns = measure_ns(ours, message);
    char workload[96];

    snprintf(workload, sizeof(workload), "capn %s %s", what, name);
    measure_result(workload, "ns", our_ns);
    if (reference == NULL)
        return;

    double their_ns = measure_ns(theirs, reference);
    measure_result(workload, "ns_of_cpp_library", their_ns);
    measure_result(workload, "ratio_to_cpp_library", our_ns / their_ns);
}

static void bench_workload(size_t i, struct reference *reference)
{
    static struct message message;

    message.limits = &raw;
    side_by_side(workloads[i].name, "make", workloads[i].make, workloads[i].reference_make,
                 &message, reference);
    side_by_side(workloads[i].name, "read", workloads[i].read, workloads[i].reference_read,
                 &message, reference);

    /* Both made the same bytes and read the same of them. */
    if (reference != NULL) {
        size_t len = 0;
        const void *bytes = reference_message(reference, &len);

        measure_need(len == message.len && memcmp(bytes, message.bytes, len) == 0,
                     "the two libraries make different messages");
        measure_need(reference_sum(reference) == message.sum,
                     "the two libraries read different values");
    }
    message.limits = &nx_capn_limits_default;
    side_by_side(workloads[i].name, "read utf8", workloads[i].read, NULL, &message, NULL);
}

int main(void)
{
    static struct packing packing;
    struct reference *reference = reference_new();

    measure_begin("Cap'n Proto: messages made in memory that is there, and read where they lie");
    if (reference == NULL)
        printf("# the C++ library (libcapnp-dev) is not installed: nothing to compare with\n");
    for (size_t i = 0; i < NX_COUNT_OF(workloads); i++)
        bench_workload(i, reference);

    make_apps(&packing.message);
    measure("capn pack EnumerateResponse 20 apps", packing.message.len, pack, &packing);
    measure("capn unpack EnumerateResponse 20 apps", packing.message.len, unpack, &packing);
    reference_free(reference);
    return 0;
}
