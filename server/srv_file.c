/* srv_file: see srv_file.h. */
#include "srv_file.h"

#include "srv_describe.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool is(const char magic[8], const char *wanted)
{
    return memcmp(magic, wanted, 8) == 0;
}

/* Where the header of a file that begins so is; SIZE_MAX: nowhere. */
static uint64_t place(const char magic[8], uint64_t size)
{
    if (size < SRV_ALIGN + sizeof(srv_file_header))
        return is(magic, SRV_FILE_MAGIC_FIRST) && size >= SRV_ALIGN ? 0 : UINT64_MAX;
    return is(magic, SRV_FILE_MAGIC)         ? size - sizeof(srv_file_header)
           : is(magic, SRV_FILE_MAGIC_FIRST) ? 0
                                             : UINT64_MAX;
}

/* Is there room in size bytes for what it speaks of? Products are of numbers that were checked. */
static bool fits(const srv_file_header *h, uint64_t size)
{
    uint64_t cell = h->single ? sizeof(float) : sizeof(double);
    if (h->x_at > size || h->y_at > size || h->rows > (size - h->y_at) / sizeof(double))
        return false;
    if (!h->sparse)
        return h->cols == 0 || h->rows <= (size - h->x_at) / cell / h->cols;
    return h->entries <= (size - h->x_at) / cell && h->columns_at <= size &&
           h->entries <= (size - h->columns_at) / sizeof(uint32_t) && h->starts_at <= size &&
           h->rows < (size - h->starts_at) / sizeof(uint64_t);
}

bool srv_file_find(const void *bytes, size_t size, srv_file_header *h)
{
    uint64_t at = size >= sizeof h->magic ? place(bytes, size) : UINT64_MAX;
    if (at == UINT64_MAX)
        return false;
    memcpy(h, (const char *)bytes + at, sizeof *h);
    return is(h->magic, bytes) && fits(h, size);
}

bool srv_file_read(int fd, srv_file_header *h)
{
    struct stat st;
    char magic[8];
    if (fstat(fd, &st) != 0)
        return false;
    uint64_t size = (uint64_t)st.st_size, at = UINT64_MAX;
    if (size >= sizeof magic) {
        if (!srv_read_all(fd, magic, sizeof magic, 0))
            return false;
        at = place(magic, size);
    }
    if (at != UINT64_MAX && !srv_read_all(fd, h, sizeof *h, at))
        return false;
    if (at != UINT64_MAX && is(h->magic, magic) && fits(h, size))
        return true;
    errno = EBADMSG;
    return false;
}
