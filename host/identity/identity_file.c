#include "host/identity/identity_file.h"

/* All of it locked: the identity, its text on the way in or out, and the store that takes a copy of
 * what is put into it. */
struct secret_room {
    struct dsb_identity identity;
    struct nx_store store;
    uint8_t secret_text[DSB_IDENTITY_FILE_MAX];
    uint8_t secret_waiting[DSB_IDENTITY_FILE_MAX];
};

static enum nx_status store_identity(struct secret_room *room, const struct nx_files *files,
                                     struct nx_why *why)
{
    struct nx_writer text = nx_writer_over(room->secret_text, sizeof(room->secret_text));
    struct nx_store_event event = {.status = NX_E_STATE};

    nx_store_init(&room->store, room->secret_waiting, sizeof(room->secret_waiting), 1);
    enum nx_status status = dsb_identity_encode(&room->identity, &text);
    if (status == NX_OK)
        status = nx_store_put(&room->store, NX_IDENTITY_FILE_KEY, nx_writer_bytes(&text), NULL);
    NX_CHECK(status == NX_OK); /* an empty store has room for what has one length */

    bool is_told = nx_files_step(files, &room->store) && nx_store_event(&room->store, &event);
    NX_CHECK(is_told);
    *why = event.why;
    return event.status;
}

static enum nx_status create(struct secret_room *room, const struct nx_files *files,
                             const struct nx_rng *rng, struct nx_why *why)
{
    enum nx_status status = dsb_identity_create(&room->identity, rng);

    if (status != NX_OK) {
        nx_why_set(why, "identity: there is no randomness to make one from");
        return status;
    }
    return store_identity(room, files, why);
}

static enum nx_status load(struct secret_room *room, const struct nx_files *files,
                           struct nx_why *why)
{
    struct nx_writer text = nx_writer_over(room->secret_text, sizeof(room->secret_text));
    enum nx_status status = nx_files_load(files, NX_IDENTITY_FILE_KEY, &text, why);

    return status == NX_OK ? dsb_identity_decode(nx_writer_bytes(&text), &room->identity, why)
                           : status;
}

enum nx_status nx_identity_file_open(struct nx_identity_file *f, const struct nx_files *files,
                                     const struct nx_rng *rng, struct nx_why *why)
{
    *f = (struct nx_identity_file){.identity = NULL};
    enum nx_status status = nx_secret_memory_map(&f->memory, sizeof(struct secret_room), why);
    if (status != NX_OK)
        return status;

    struct secret_room *room = f->memory.ptr;
    status = load(room, files, why);
    if (status == NX_E_NOT_FOUND) {
        f->is_new = true;
        status = create(room, files, rng, why);
    }
    nx_crypto_wipe(room->secret_text, sizeof(room->secret_text));
    nx_crypto_wipe(room->secret_waiting, sizeof(room->secret_waiting));

    if (status == NX_OK)
        f->identity = &room->identity;
    else
        nx_identity_file_close(f);
    return status;
}

void nx_identity_file_close(struct nx_identity_file *f)
{
    nx_secret_memory_unmap(&f->memory);
    *f = (struct nx_identity_file){.identity = NULL};
}
