#include "cli/nx_progress.h"

#include "core/base/hex.h"
#include "host/clock.h"

#include <unistd.h>

#define SHOW_EVERY_MS 500

static double seconds_between(struct nx_instant from, struct nx_instant to)
{
    return (double)nx_duration_between(from, to).ns / 1e9;
}

void cli_progress_begin(struct cli_progress *p, uint64_t total, bool is_quiet)
{
    *p = (struct cli_progress){
        .is_shown = !is_quiet && isatty(STDERR_FILENO) != 0,
        .total = total,
        .begin = nx_clock_now(),
    };
    p->shown = p->begin;
    nx_crypto_sha256_init(&p->hash);
}

static void show(struct cli_progress *p, struct nx_instant now)
{
    double s = seconds_between(p->begin, now);
    double mb = (double)p->bytes / 1e6;
    double total_mb = (double)p->total / 1e6;

    p->shown = now;
    p->is_line_open = true;
    if (p->total > p->bytes && mb > 0)
        fprintf(stderr, "\r%.1f of %.1f MB, %s, %s to go\033[K", mb, total_mb,
                cli_show_rate(p->bytes, s).text,
                cli_show_ms((uint64_t)((total_mb - mb) * s / mb * 1000)).text);
    else
        fprintf(stderr, "\r%.1f MB, %s\033[K", mb, cli_show_rate(p->bytes, s).text);
}

void cli_progress_add(struct cli_progress *p, struct nx_bytes bytes)
{
    p->bytes += bytes.len;
    nx_crypto_sha256_add(&p->hash, bytes);
    if (!p->is_shown)
        return;
    struct nx_instant now = nx_clock_now();
    if (nx_instant_reached(nx_instant_after(p->shown, nx_milliseconds(SHOW_EVERY_MS)), now))
        show(p, now);
}

void cli_progress_end(struct cli_progress *p)
{
    p->shown = nx_clock_now();
    if (p->is_line_open)
        fputs("\r\033[K", stderr);
    p->is_line_open = false;
}

static void print_json(const struct cli_progress *p, const char *what, const struct cli_stream *s,
                       const char *path, const char *hash, FILE *file)
{
    json_t *event = cli_json_event(what);
    double seconds = seconds_between(p->begin, p->shown);

    json_object_set_new(event, "id", json_string(s->peer_id.text));
    json_object_set_new(event, "name", json_string(s->peer_name.text));
    json_object_set_new(event, "bytes", cli_json_number(p->bytes));
    json_object_set_new(event, "seconds", json_real(seconds));
    json_object_set_new(event, "mb_per_s",
                        json_real(seconds > 0 ? (double)p->bytes / 1e6 / seconds : 0));
    json_object_set_new(event, "sha256", json_string(hash));
    if (path != NULL)
        json_object_set_new(event, "file", cli_json_text(nx_bytes_of_text(path)));
    cli_json_print(file, event);
}

void cli_progress_summary(struct cli_progress *p, const char *what, const struct cli_stream *s,
                          const char *path, bool is_output_taken)
{
    uint8_t digest[NX_SHA256_LEN];
    char hash[2 * NX_SHA256_LEN + 1];
    FILE *file = is_output_taken ? stderr : stdout;
    double seconds = seconds_between(p->begin, p->shown);

    nx_crypto_sha256_end(&p->hash, digest);
    nx_hex_encode(nx_bytes_of(digest, sizeof(digest)), hash);
    if (cli_is_given(&s->cli->arguments, CLI_JSON)) {
        print_json(p, what, s, path, hash, file);
        return;
    }
    fprintf(file, "%s: %s in %.3f s, %s, %s %s\n", what, cli_show_count(p->bytes, "byte").text,
            seconds, cli_show_rate(p->bytes, seconds).text, what[0] == 's' ? "to" : "from",
            s->peer_name.text);
    fprintf(file, "sha256: %s\n", hash);
    if (path != NULL)
        fprintf(file, "file: %s\n", cli_show(nx_bytes_of_text(path)).text);
}
