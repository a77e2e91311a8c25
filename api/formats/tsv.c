/* TSV: api_csv, whose delimiter is the tab unless the query says otherwise. */
#include "api_csv.h"

static void *open_reader(const api_read_options *options, const api_sink *sink)
{
    return api_csv_open(options, sink, '\t');
}

const api_format api_format_tsv = {
    .name = "tsv",
    .media_type = "text/tab-separated-values",
    .own = "delimiter header",
    .suffixes = ".tsv",
    .open = open_reader,
    .feed = api_csv_feed,
    .finish = api_csv_finish,
    .close = api_csv_close,
};
