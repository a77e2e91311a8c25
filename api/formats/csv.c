/* CSV (RFC 4180): api_csv, with any of its delimiters. */
#include "api_csv.h"

static void *open_reader(const api_read_options *options, const api_sink *sink)
{
    return api_csv_open(options, sink, 0);
}

const api_format api_format_csv = {
    .name = "csv",
    .media_type = "text/csv",
    .own = "delimiter header",
    .suffixes = ".csv",
    .open = open_reader,
    .feed = api_csv_feed,
    .finish = api_csv_finish,
    .close = api_csv_close,
};
