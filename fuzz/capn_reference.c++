// The C++ library's answer: it prints through its schemas at run time, as the `capnp` tool does.
#include "fuzz/capn_reference.h"

#include <capnp/dynamic.h>
#include <capnp/schema-parser.h>
#include <capnp/serialize.h>
#include <kj/debug.h>
#include <kj/filesystem.h>

#include <stdlib.h>
#include <string.h>

namespace {

// The library compiles the schema itself: its generator cannot write files that import each other.
capnp::ParsedSchema zoo()
{
    static auto files = kj::newDiskFilesystem();
    static capnp::SchemaParser parser;
    static capnp::ParsedSchema schema = parser.parseFromDirectory(
        files->getRoot(), files->getCurrentPath().eval(ZOO_CAPNP), nullptr);

    return schema;
}

enum reference_answer keep(kj::ArrayPtr<const char> text, struct reference_text *out)
{
    out->text = static_cast<char *>(malloc(text.size() + 1));
    memcpy(out->text, text.begin(), text.size());
    out->text[text.size()] = '\0';
    out->len = text.size();
    return REFERENCE_ACCEPTED;
}

template <typename Use>
enum reference_answer with(const uint8_t *framed, size_t len, struct reference_text *out, Use use)
{
    auto words = kj::heapArray<capnp::word>(len / sizeof(capnp::word));
    capnp::ReaderOptions options;

    memcpy(words.begin(), framed, words.size() * sizeof(capnp::word));
    options.nestingLimit = 64;
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
        capnp::FlatArrayMessageReader message(words, options);
        use(message, out);
    })) {
        reference_free(out);
        keep(exception->getDescription().asArray(), out);
        return REFERENCE_REFUSED;
    }
    return out->text == nullptr ? REFERENCE_ABSENT : REFERENCE_ACCEPTED;
}

} // namespace

enum reference_answer reference_print(const char *type, const uint8_t *framed, size_t len,
                                      struct reference_text *out)
{
    auto schema = zoo().getNested(type).asStruct();

    return with(framed, len, out, [&](capnp::MessageReader &message, reference_text *text) {
        auto string = kj::str(message.getRoot<capnp::DynamicStruct>(schema));
        keep(string.asArray(), text);
    });
}

enum reference_answer reference_canonicalize(const uint8_t *framed, size_t len,
                                             struct reference_text *out)
{
    return with(framed, len, out, [](capnp::MessageReader &message, reference_text *text) {
        auto words = message.getRoot<capnp::AnyStruct>().canonicalize();
        keep(words.asPtr().asChars(), text);
    });
}

void reference_free(struct reference_text *text)
{
    free(text->text);
    *text = {};
}
