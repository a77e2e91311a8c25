/* srv_tar: blocks of 512 bytes. */
#include "srv_tar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, PIECE = 1 << 20 };

/* Where things are in a header, and how long: IEEE Std 1003.1, pax, "ustar Interchange Format". */
enum {
    MODE = 100,
    OWNER = 108,
    GROUP = 116,
    SIZE = 124,
    TIME = 136,
    CHECKSUM = 148,
    TYPE = 156,
    MAGIC = 257,
    SIZE_LEN = 12
};

static bool disk(api_problem *p, const char *what)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return api_problem_set(p, API_NO_SPACE, "the disk is full");
    return api_problem_set(p, API_INTERNAL, "can't %s: %s", what, strerror(errno));
}

static bool write_all(int fd, const void *bytes, size_t n, api_problem *p)
{
    for (const char *at = bytes; n > 0;) {
        ssize_t did = write(fd, at, n);
        if (did < 0 && errno == EINTR)
            continue;
        if (did < 0)
            return disk(p, "write");
        at += did;
        n -= (size_t)did;
    }
    return true;
}

/* Exactly n bytes. */
static bool read_all(int fd, void *bytes, size_t n, api_problem *p)
{
    for (char *at = bytes; n > 0;) {
        ssize_t did = read(fd, at, n);
        if (did < 0 && errno == EINTR)
            continue;
        if (did < 0)
            return disk(p, "read");
        if (did == 0)
            return api_problem_set(p, API_BAD_REQUEST, "the file is cut off");
        at += did;
        n -= (size_t)did;
    }
    return true;
}

/* size bytes from one to the other, in pieces. */
static bool pass_on(int from, int to, uint64_t size, char sum[SRV_SHA256_SIZE], api_problem *p)
{
    srv_sum s;
    char *piece = malloc(PIECE);
    bool ok = piece || api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    srv_sum_begin(&s);
    for (uint64_t left = size; ok && left > 0;) {
        size_t n = left < PIECE ? (size_t)left : PIECE;
        ok = read_all(from, piece, n, p) && write_all(to, piece, n, p);
        srv_sum_add(&s, piece, n);
        left -= n;
    }
    srv_sum_end(&s, sum);
    free(piece);
    return ok;
}

/* The sum of a header's bytes, those of the sum itself counted as spaces. */
static unsigned checksum(const unsigned char *header)
{
    unsigned sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum += i >= CHECKSUM && i < CHECKSUM + 8 ? ' ' : header[i];
    return sum;
}

static void put_size(char *header, uint64_t size)
{
    if (size < UINT64_C(1) << 33) {
        snprintf(header + SIZE, SIZE_LEN, "%011llo", (unsigned long long)size);
        return;
    }
    header[SIZE] = (char)0x80; /* binary, the most significant byte first */
    for (int i = 0; i < 8; i++)
        header[SIZE + SIZE_LEN - 1 - i] = (char)(size >> 8 * i);
}

static uint64_t get_size(const char *header)
{
    uint64_t size = 0;
    if (!((unsigned char)header[SIZE] & 0x80))
        return strtoull(header + SIZE, NULL, 8);
    for (int i = 0; i < 8; i++)
        size = size << 8 | (unsigned char)header[SIZE + SIZE_LEN - 8 + i];
    return size;
}

bool srv_tar_add(int archive, const char *name, int from, char sum[SRV_SHA256_SIZE], api_problem *p)
{
    char header[BLOCK] = {0};
    struct stat st;
    if (fstat(from, &st) != 0)
        return disk(p, "read");
    snprintf(header, SRV_TAR_NAME, "%s", name);
    memcpy(header + MODE, "0000600", 8);
    memcpy(header + OWNER, "0000000", 8);
    memcpy(header + GROUP, "0000000", 8);
    put_size(header, (uint64_t)st.st_size);
    snprintf(header + TIME, 12, "%011llo", (unsigned long long)st.st_mtime);
    header[TYPE] = '0';
    memcpy(header + MAGIC, "ustar\00000", 8);
    snprintf(header + CHECKSUM, 8, "%06o", checksum((unsigned char *)header));
    header[CHECKSUM + 7] = ' ';
    static const char zeros[BLOCK];
    size_t rest = (size_t)(-st.st_size & (BLOCK - 1));
    return write_all(archive, header, BLOCK, p) &&
           pass_on(from, archive, (uint64_t)st.st_size, sum, p) &&
           write_all(archive, zeros, rest, p);
}

bool srv_tar_end(int archive, api_problem *p)
{
    static const char zeros[2 * BLOCK];
    return write_all(archive, zeros, sizeof zeros, p);
}

srv_tar_step srv_tar_next(int archive, char name[SRV_TAR_NAME], uint64_t *size, api_problem *p)
{
    char header[BLOCK];
    static const char zeros[BLOCK];
    if (!read_all(archive, header, BLOCK, p))
        return SRV_TAR_FAILED;
    if (memcmp(header, zeros, BLOCK) == 0)
        return SRV_TAR_END;
    unsigned said = (unsigned)strtoul(header + CHECKSUM, NULL, 8);
    if (memcmp(header + MAGIC, "ustar", 5) != 0 || said != checksum((unsigned char *)header) ||
        header[TYPE] != '0' || memchr(header, 0, SRV_TAR_NAME) == NULL) {
        api_problem_set(p, API_BAD_REQUEST, "the file is no backup of descentd, or is damaged");
        return SRV_TAR_FAILED;
    }
    memcpy(name, header, SRV_TAR_NAME);
    *size = get_size(header);
    return SRV_TAR_FILE;
}

bool srv_tar_take(int archive, uint64_t size, int to, char sum[SRV_SHA256_SIZE], api_problem *p)
{
    char rest[BLOCK];
    return pass_on(archive, to, size, sum, p) && read_all(archive, rest, -size & (BLOCK - 1), p);
}
