#include "core/base/status.h"

#include "core/base/text.h"

/* One row per status: the number's word and the sentence for a person. */
static const struct {
    enum nx_status status;
    const char *name;
    const char *text;
} words[] = {
    {NX_OK, "ok", "done"},
    {NX_WOULD_BLOCK, "would-block", "not just now; try again after the next event"},
    {NX_END, "end", "the other side has finished"},
    {NX_E_INVALID, "invalid", "that argument cannot be used here"},
    {NX_E_STATE, "state", "not possible at this moment"},
    {NX_E_MALFORMED, "malformed", "the bytes break their format"},
    {NX_E_LIMIT, "limit", "over a limit"},
    {NX_E_CLOSED, "closed", "already closed"},
    {NX_E_ABORTED, "aborted", "ended early"},
    {NX_E_NOT_FOUND, "not-found", "there is no such thing"},
    {NX_E_EXISTS, "exists", "there is one already"},
    {NX_E_BUSY, "busy", "one at a time, and one is under way"},
    {NX_E_DENIED, "denied", "not allowed"},
    {NX_E_IDENTITY, "identity", "the other side is not who it was"},
    {NX_E_CRYPTO, "crypto", "the proof does not hold"},
    {NX_E_VERSION, "version", "of a newer version than this one understands"},
    {NX_E_UNSUPPORTED, "unsupported", "not available here"},
    {NX_E_TIMEOUT, "timeout", "it took too long"},
    {NX_E_NO_MEMORY, "no-memory", "the memory set aside for it is used up"},
    {NX_E_NO_SPACE, "no-space", "no space left to store it"},
    {NX_E_IO, "io", "reading or writing failed"},
};

const char *nx_status_name(enum nx_status status)
{
    for (size_t i = 0; i < NX_COUNT_OF(words); i++) {
        if (words[i].status == status)
            return words[i].name;
    }
    return "unknown";
}

const char *nx_status_text(enum nx_status status)
{
    for (size_t i = 0; i < NX_COUNT_OF(words); i++) {
        if (words[i].status == status)
            return words[i].text;
    }
    return "an answer that this version does not know";
}

bool nx_status_is_known(int32_t number)
{
    for (size_t i = 0; i < NX_COUNT_OF(words); i++) {
        if ((int32_t)words[i].status == number)
            return true;
    }
    return false;
}

void nx_why_set(struct nx_why *why, const char *text)
{
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    nx_text_add(&t, text);
}

void nx_why_limit(struct nx_why *why, const char *what, uint64_t limit, uint64_t asked)
{
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    nx_text_add(&t, what);
    nx_text_add(&t, ": limit ");
    nx_text_add_u64(&t, limit);
    nx_text_add(&t, ", asked ");
    nx_text_add_u64(&t, asked);
}
