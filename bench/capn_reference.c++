// The same messages by the C++ library, in the way its documentation recommends where speed counts:
// a first segment that is there already, output into memory that is there already.
#include "bench/capn.h"
#include "bundlemgr.capnp.h"
#include "dsoftbus.capnp.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/io.h>

#include <string.h>

struct reference {
    capnp::word scratch[1024];
    capnp::word out[1024];
    size_t len;
    uint64_t sum;
};

namespace {

const char id[] = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";
const kj::byte payload[1024] = {};

template <typename Make> void make(void *context, Make fill)
{
    auto *r = static_cast<reference *>(context);
    // The scratch space has to be zeros; only what a message used is cleared, by its destructor.
    capnp::MallocMessageBuilder message(kj::arrayPtr(r->scratch, 1024));
    fill(message);
    kj::ArrayOutputStream out(kj::arrayPtr(reinterpret_cast<kj::byte *>(r->out), sizeof(r->out)));
    capnp::writeMessage(out, message);
    r->len = out.getArray().size();
    asm volatile("" : : "r"(r->out) : "memory");
}

template <typename Read> void read(void *context, Read sum)
{
    auto *r = static_cast<reference *>(context);
    capnp::FlatArrayMessageReader message(kj::arrayPtr(r->out, r->len / sizeof(capnp::word)));
    r->sum = sum(message);
    asm volatile("" : : "r"(r) : "memory");
}

uint64_t weigh(capnp::Text::Reader text)
{
    return text.size() + (text.size() > 0 ? static_cast<unsigned char>(text[0]) : 0u);
}

uint64_t weigh(capnp::Data::Reader data)
{
    return data.size() + (data.size() > 0 ? data[0] : 0u);
}

} // namespace

struct reference *reference_new(void)
{
    return new reference{};
}

void reference_free(struct reference *reference)
{
    delete reference;
}

void reference_make_request(void *context)
{
    make(context, [](capnp::MessageBuilder &message) {
        auto request = message.initRoot<ConnectRequest>();
        request.setDeviceId(capnp::Text::Reader(id, 64));
        request.setProtocol(1);
        request.setFeatures(7);
        request.setAttestation(capnp::Data::Reader(payload, 64));
        request.setPurpose(1);
        request.setPaired(true);
    });
}

void reference_read_request(void *context)
{
    read(context, [](capnp::MessageReader &message) {
        auto request = message.getRoot<ConnectRequest>();
        uint64_t sum = weigh(request.getDeviceId());
        sum += request.getProtocol();
        sum += request.getFeatures();
        sum += weigh(request.getAttestation());
        sum += request.getPurpose();
        sum += request.getPaired();
        return sum;
    });
}

void reference_make_frame(void *context)
{
    make(context, [](capnp::MessageBuilder &message) {
        auto frame = message.initRoot<Frame>();
        frame.setChan(3);
        frame.setBytes(capnp::Data::Reader(payload, sizeof(payload)));
    });
}

void reference_read_frame(void *context)
{
    read(context, [](capnp::MessageReader &message) {
        auto frame = message.getRoot<Frame>();
        return frame.getChan() + weigh(frame.getBytes());
    });
}

void reference_make_apps(void *context)
{
    make(context, [](capnp::MessageBuilder &message) {
        auto apps = message.initRoot<EnumerateResponse>().initApps(20);
        for (auto app : apps) {
            app.setId(capnp::Text::Reader("org.example.notes", 17));
            app.setDisplayName(capnp::Text::Reader("Notes and Lists", 15));
            app.setLaunchAbility(capnp::Text::Reader("main", 4));
            auto caps = app.initRequiredCaps(3);
            for (unsigned j = 0; j < 3; j++)
                caps.set(j, capnp::Text::Reader("bus.stream.open", 15));
        }
    });
}

void reference_read_apps(void *context)
{
    read(context, [](capnp::MessageReader &message) {
        uint64_t sum = 0;
        for (auto app : message.getRoot<EnumerateResponse>().getApps()) {
            sum += weigh(app.getId());
            sum += weigh(app.getDisplayName());
            sum += weigh(app.getLaunchAbility());
            for (auto cap : app.getRequiredCaps())
                sum += weigh(cap);
        }
        return sum;
    });
}

const void *reference_message(const struct reference *reference, size_t *len)
{
    *len = reference->len;
    return reference->out;
}

uint64_t reference_sum(const struct reference *reference)
{
    return reference->sum;
}
