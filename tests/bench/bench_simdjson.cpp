// bench_simdjson: the files of bench_readers by simdjson On-Demand, the whole text in memory with its
// padding, values into rows of doubles. One thread, CPU time, the fastest of several runs.
#include <simdjson.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

using namespace simdjson;

static double now()
{
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}

static std::vector<double> rows(16384);
static size_t used;

static void keep(double v)
{
    if (used == rows.size())
        used = 0;
    rows[used++] = v;
}

static size_t read_array(ondemand::array a)
{
    size_t n = 0;
    for (double v : a) {
        keep(v);
        n++;
    }
    return n;
}

static size_t read_record(ondemand::object o)
{
    size_t n = 0;
    for (auto member : o) {
        keep(member.value().get_double());
        n++;
    }
    return n;
}

static size_t read_document(ondemand::parser &parser, const padded_string &text)
{
    size_t n = 0;
    ondemand::document doc = parser.iterate(text);
    for (auto member : doc.get_object()) {
        std::string_view key = member.unescaped_key();
        if (key == "X")
            for (auto row : member.value().get_array())
                n += read_array(row.get_array());
        else if (key == "y")
            n += read_array(member.value().get_array());
        else if (key == "columns")
            for (auto column : member.value().get_object())
                n += read_array(column.value().get_array());
        else if (key == "data")
            for (auto record : member.value().get_array())
                n += read_record(record.get_object());
    }
    return n;
}

static size_t read_lines(ondemand::parser &parser, const padded_string &text)
{
    size_t n = 0;
    ondemand::document_stream lines = parser.iterate_many(text);
    for (auto line : lines) {
        ondemand::json_type type = line.type();
        n += type == ondemand::json_type::array ? read_array(line.get_array()) : read_record(line.get_object());
    }
    return n;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        padded_string text = padded_string::load(argv[i]);
        bool lines = std::strstr(argv[i], ".ndjson") != nullptr;
        double best = 1e9;
        size_t n = 0;
        ondemand::parser parser;
        for (int run = 0; run < 7; run++) {
            double began = now();
            n = lines ? read_lines(parser, text) : read_document(parser, text);
            double took = now() - began;
            best = took < best ? took : best;
        }
        const char *name = std::strrchr(argv[i], '/');
        std::printf("%-10s %-20s %8.0f MB/s   %zu values\n", "simdjson", name ? name + 1 : argv[i],
                    double(text.size()) / best / 1e6, n);
    }
}
