/* api_encoding: whatever zlib and libzstd pack comes out again, in any pieces; what is broken, cut
 * short or too large is refused, at the same place in any pieces. */
#include "api_encoding.h"
#include "api_tests.h"
#include "api_text.h"
#include "packing.h"

extern const api_encoding api_encoding_gzip, api_encoding_zstd;

#define NO_LIMIT UINT64_MAX

typedef struct unpacked {
    bool ok;
    api_text text;
    size_t room; /* bytes after which the taker stops; 0 for none */
    api_problem p;
} unpacked;

static bool take(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    unpacked *u = ctx;
    api_text_add(&u->text, bytes, n);
    return !u->room || u->text.len < u->room || api_problem_set(p, API_INVALID, "that is enough");
}

static bool feed_copy(api_decoder *d, const char *bytes, size_t n, api_problem *p)
{
    char *copy = malloc(n ? n : 1); /* its exact size: a sanitizer sees a read beyond */
    memcpy(copy, bytes, n);
    bool ok = api_decoder_feed(d, copy, n, p);
    free(copy);
    return ok;
}

/* One piece of `first` bytes, then some of `step`. */
static unpacked unpack_pieces(const api_encoding *e, const packed *from, uint64_t limit,
                              size_t room, size_t first, size_t step)
{
    unpacked u = {.room = room, .p = no_problem()};
    api_decoder *d = api_decoder_new(e, limit, (api_bytes){&u, take});
    u.ok = feed_copy(d, from->bytes, first, &u.p);
    for (size_t at = first; u.ok && at < from->n; at += step)
        u.ok = feed_copy(d, from->bytes + at, from->n - at < step ? from->n - at : step, &u.p);
    u.ok = u.ok && api_decoder_finish(d, &u.p);
    api_decoder_free(d);
    ck_assert_int_eq(u.ok, u.p.code == API_NO_PROBLEM);
    return u;
}

static void same(const unpacked *a, const unpacked *b)
{
    ck_assert_int_eq(a->p.code, b->p.code);
    ck_assert_str_eq(a->p.detail, b->p.detail);
    ck_assert_uint_eq(a->text.len, b->text.len);
    ck_assert(a->text.len == 0 || memcmp(a->text.data, b->text.data, a->text.len) == 0);
}

/* In every way, long ones in fewer. The caller frees the text. */
static unpacked unpack_with(const api_encoding *e, const packed *from, uint64_t limit, size_t room)
{
    static const size_t some[] = {1, 3, 4095, 4096, 4097, 65536};
    unpacked whole = unpack_pieces(e, from, limit, room, from->n, 1), u;
    for (size_t cut = 0; cut <= from->n && from->n < 1000; cut++) {
        u = unpack_pieces(e, from, limit, room, cut, from->n);
        same(&whole, &u);
        api_text_free(&u.text);
    }
    for (size_t i = 0; i < COUNT(some) && from->n < 500000; i++) {
        u = unpack_pieces(e, from, limit, room, from->n < some[i] / 2 ? 0 : some[i] / 2, some[i]);
        same(&whole, &u);
        api_text_free(&u.text);
    }
    return whole;
}

static unpacked unpack(const api_encoding *e, const packed *from)
{
    return unpack_with(e, from, NO_LIMIT, 0);
}

static void comes_out(const api_encoding *e, packed from, const char *text, size_t n)
{
    unpacked u = unpack(e, &from);
    ck_assert_msg(u.ok, "%s: %s", e->name, u.p.detail);
    ck_assert_uint_eq(u.text.len, n);
    ck_assert(n == 0 || memcmp(u.text.data, text, n) == 0);
    api_text_free(&u.text);
    free(from.bytes);
}

/* The detail has these parts. */
static void refused(const api_encoding *e, packed from, const char *one, const char *two)
{
    unpacked u = unpack(e, &from);
    ck_assert_int_eq(u.p.code, API_BAD_REQUEST);
    if (!strstr(u.p.detail, one) || !strstr(u.p.detail, two) || !strstr(u.p.detail, e->name))
        ck_abort_msg("\"%s\" lacks %s, or %s", u.p.detail, one, two);
    api_text_free(&u.text);
    free(from.bytes);
}

static packed pack(const api_encoding *e, const char *text, size_t n)
{
    return e == &api_encoding_gzip ? pack_gzip(text, n) : pack_zstd(text, n);
}

/* n bytes: a table's, or random ones, which can't be packed. */
static char *some_text(size_t n, bool random)
{
    char *text = malloc(n + 1);
    uint64_t state = n;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = random_bits(&state);
        text[i] = random ? (char)bits : "0123456789,\n"[bits % 12];
    }
    return text;
}

START_TEST(what_was_packed_comes_out_again)
{
    static const size_t sizes[] = {0, 1, 100, 4096, 32768, 32769, 300000};
    for (size_t e = 0; e < api_encodings_count; e++)
        for (size_t i = 0; i < COUNT(sizes); i++)
            for (int random = 0; random < 2; random++) {
                char *text = some_text(sizes[i], random);
                comes_out(api_encodings[e], pack(api_encodings[e], text, sizes[i]), text, sizes[i]);
                free(text);
            }
    char *text = some_text(100000, false);
    for (int level = 0; level <= 9; level++)
        comes_out(&api_encoding_gzip, pack_deflate(text, 100000, level, 31), text, 100000);
    for (int window = 10; window <= 23; window++)
        comes_out(&api_encoding_zstd, pack_zstd_window(text, 100000, window), text, 100000);
    free(text);
}
END_TEST

/* Of printf 'a,t\n1,2\n' | gzip -n -9, and | zstd -19: by gzip 1.12 and zstd 1.5.4. */
START_TEST(what_the_programs_pack_comes_out_again)
{
    static const char gzip[] =
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xd4\x29\xe1\x32\xd4\x31\xe2\x02\x00"
        "\xfd\xe6\x18\xdf\x08\x00\x00\x00";
    static const char zstd[] =
        "\x28\xb5\x2f\xfd\x04\x68\x41\x00\x00\x61\x2c\x74\x0a\x31\x2c\x32\x0a\xfb\x7a\xdd"
        "\x62";
    comes_out(&api_encoding_gzip, packed_add((packed){0}, gzip, sizeof gzip - 1), "a,t\n1,2\n", 8);
    comes_out(&api_encoding_zstd, packed_add((packed){0}, zstd, sizeof zstd - 1), "a,t\n1,2\n", 8);
}
END_TEST

START_TEST(members_and_frames_follow_each_other)
{
    char *text = some_text(9000, false);
    for (size_t e = 0; e < api_encodings_count; e++) {
        packed all = {0};
        for (size_t at = 0; at < 9000; at += 3000) {
            packed one = pack(api_encodings[e], text + at, 3000),
                   none = pack(api_encodings[e], "", 0);
            all = packed_add(all, one.bytes, one.n);
            all = packed_add(all, none.bytes, none.n);
            free(one.bytes);
            free(none.bytes);
        }
        comes_out(api_encodings[e], all, text, 9000);
    }
    /* a frame that is to be skipped (RFC 8878, 3.1.2) */
    packed one = pack_zstd(text, 50),
           all = packed_add((packed){0}, "\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
    all = packed_add(all, one.bytes, one.n);
    free(one.bytes);
    comes_out(&api_encoding_zstd, all, text, 50);
    free(text);
}
END_TEST

START_TEST(what_is_cut_short_is_refused_wherever_it_is_cut)
{
    char *text = some_text(400, false);
    for (size_t e = 0; e < api_encodings_count; e++) {
        packed all = pack(api_encodings[e], text, 400);
        for (size_t n = 0; n < all.n; n++) {
            char place[32];
            snprintf(place, sizeof place, "after %zu bytes", n);
            refused(api_encodings[e], packed_add((packed){0}, all.bytes, n), "ends too early",
                    place);
        }
        free(all.bytes);
    }
    free(text);
}
END_TEST

/* Each bit of a packed text turned: both formats carry checksums, so nothing wrong comes through
 * whole. Some bits say nothing (gzip: time, flags and system). */
START_TEST(what_is_broken_does_not_come_through)
{
    char *text = some_text(300, false);
    for (size_t e = 0; e < api_encodings_count; e++) {
        packed all = pack(api_encodings[e], text, 300);
        for (size_t bit = 0; bit < 8 * all.n; bit++) {
            all.bytes[bit / 8] ^= (char)(1 << bit % 8);
            unpacked u = unpack_pieces(api_encodings[e], &all, NO_LIMIT, 0, all.n, 1);
            ck_assert_msg(!u.ok || (u.text.len == 300 && memcmp(u.text.data, text, 300) == 0),
                          "%s: bit %zu", api_encodings[e]->name, bit);
            ck_assert(u.ok || u.p.code == API_BAD_REQUEST);
            api_text_free(&u.text);
            all.bytes[bit / 8] ^= (char)(1 << bit % 8);
        }
        free(all.bytes);
    }
    free(text);
}
END_TEST

START_TEST(what_is_broken_is_told_with_its_place)
{
    char *text = some_text(60000, true);
    packed all = pack_deflate(text, 60000, 0, 31); /* stored, so that text is where it seems */
    size_t before = all.n;
    all.bytes[30000] ^= 1;
    refused(&api_encoding_gzip, packed_add((packed){0}, all.bytes, all.n), "incorrect data check",
            "near byte 60");
    all.bytes[30000] ^= 1;
    refused(&api_encoding_gzip, packed_add(all, "more", 4), "incorrect header check",
            "near byte 60");
    ck_assert_uint_gt(before, 60000);
    refused(&api_encoding_gzip, packed_add((packed){0}, text, 9), "incorrect header check",
            "near byte 2");
    refused(&api_encoding_zstd, packed_add((packed){0}, "a,t\n1,2\n", 8),
            "Unknown frame descriptor", "near byte 0");
    all = pack_zstd(text, 60000);
    all.bytes[30000] ^= 1;
    refused(&api_encoding_zstd, all, "doesn't match checksum", "near byte 57344");
    free(text);
}
END_TEST

START_TEST(windows_are_those_of_http)
{
    char *text = some_text(9 << 20, false);
    packed all = pack_zstd_window(text, 9 << 20, 24);
    unpacked u = unpack_pieces(&api_encoding_zstd, &all, NO_LIMIT, 0, all.n, 1);
    ck_assert_int_eq(u.p.code, API_BAD_REQUEST);
    ck_assert_ptr_nonnull(strstr(u.p.detail, "8 MiB (RFC 9659)"));
    ck_assert_uint_eq(u.text.len, 0);
    api_text_free(&u.text);
    free(all.bytes);
    free(text);
}
END_TEST

/* No more than the limit is handed on, and no more of the packed bytes is looked at than that
 * takes. */
START_TEST(what_unpacks_to_too_much_stops_at_the_limit)
{
    enum { LIMIT = 50000, ALL = 64 << 20 };
    char *zeros = calloc(1, ALL);
    for (size_t e = 0; e < api_encodings_count; e++) {
        const api_encoding *how = api_encodings[e];
        packed all = pack(how, zeros, ALL);
        unpacked u = unpack_with(how, &all, LIMIT, 0);
        ck_assert_int_eq(u.p.code, API_TOO_LARGE);
        assert_says(&u.p, "", "50000 bytes");
        ck_assert_uint_eq(u.text.len, LIMIT);
        api_text_free(&u.text);
        free(all.bytes);
        all = pack(how, zeros, LIMIT);
        u = unpack_with(how, &all, LIMIT, 0);
        ck_assert(u.ok);
        api_text_free(&u.text);
        u = unpack_with(how, &all, LIMIT - 1, 0);
        ck_assert_int_eq(u.p.code, API_TOO_LARGE);
        api_text_free(&u.text);
        free(all.bytes);
    }
    free(zeros);
}
END_TEST

START_TEST(the_taker_may_stop_it)
{
    char *text = some_text(100000, false);
    for (size_t e = 0; e < api_encodings_count; e++) {
        packed all = pack(api_encodings[e], text, 100000);
        unpacked u = unpack_with(api_encodings[e], &all, NO_LIMIT, 40000);
        ck_assert_int_eq(u.p.code, API_INVALID);
        ck_assert_str_eq(u.p.detail, "that is enough");
        api_text_free(&u.text);
        free(all.bytes);
    }
    free(text);
}
END_TEST

START_TEST(encodings_are_found_by_header_and_file_name)
{
    static const struct {
        const char *header;
        const api_encoding *found;
    } known[] = {{NULL, NULL},
                 {"identity", NULL},
                 {"gzip", &api_encoding_gzip},
                 {"GZip", &api_encoding_gzip},
                 {"x-gzip", &api_encoding_gzip},
                 {"zstd", &api_encoding_zstd}};
    static const char *const unknown[] = {"",      "br", "deflate", "gzip, zstd",
                                          "gzip2", "gz", "caf\xe9"};
    char names[80];
    for (size_t i = 0; i < COUNT(known); i++) {
        api_problem p = no_problem();
        const api_encoding *found = &api_encoding_zstd;
        ck_assert(api_encoding_find(known[i].header, &found, &p));
        ck_assert_ptr_eq(found, known[i].found);
    }
    for (size_t i = 0; i < COUNT(unknown); i++) {
        api_problem p = no_problem();
        const api_encoding *found;
        ck_assert(!api_encoding_find(unknown[i], &found, &p));
        ck_assert_int_eq(p.code, API_UNSUPPORTED_MEDIA);
        assert_says(&p, "", api_encodings_list(names, sizeof names));
    }
    ck_assert_str_eq(names, "gzip, zstd");
    ck_assert_ptr_eq(api_encoding_of_file("a.csv.gz"), &api_encoding_gzip);
    ck_assert_ptr_eq(api_encoding_of_file("A.CSV.ZST"), &api_encoding_zstd);
    ck_assert_ptr_null(api_encoding_of_file("a.csv"));
    ck_assert_ptr_null(api_encoding_of_file(".gz"));
    ck_assert_ptr_null(api_encoding_of_file("gz"));
    ck_assert_ptr_null(api_encoding_of_file(""));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("encoding");
    tcase_add_test(tc, what_was_packed_comes_out_again);
    tcase_add_test(tc, what_the_programs_pack_comes_out_again);
    tcase_add_test(tc, members_and_frames_follow_each_other);
    tcase_add_test(tc, what_is_cut_short_is_refused_wherever_it_is_cut);
    tcase_add_test(tc, what_is_broken_does_not_come_through);
    tcase_add_test(tc, what_is_broken_is_told_with_its_place);
    tcase_add_test(tc, windows_are_those_of_http);
    tcase_add_test(tc, what_unpacks_to_too_much_stops_at_the_limit);
    tcase_add_test(tc, the_taker_may_stop_it);
    tcase_add_test(tc, encodings_are_found_by_header_and_file_name);
    return run_tests(tc, "api_encoding");
}
