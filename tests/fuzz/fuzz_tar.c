/* Archives that a backup is restored from: files come with a name that ends and as many bytes as
 * were said, all of them from the archive, with their sum; what is none is refused, and says why.
 */
#include "fuzz.h"

#include "srv_tar.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool take_file(int archive, uint64_t size, size_t left, api_problem *p)
{
    char sum[SRV_SHA256_SIZE], same[SRV_SHA256_SIZE];
    struct stat st;
    int to = memfd_create("file", MFD_CLOEXEC);
    RULE(to >= 0);
    bool ok = srv_tar_take(archive, size, to, sum, p);
    RULE(fstat(to, &st) == 0 && (size_t)st.st_size <= left);
    RULE(!ok || (uint64_t)st.st_size == size);
    if (ok) {
        char *bytes = malloc(size ? size : 1);
        RULE(bytes && pread(to, bytes, size, 0) == (ssize_t)size);
        srv_sha256(bytes, size, same);
        RULE(strcmp(sum, same) == 0);
        free(bytes);
    }
    close(to);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char name[SRV_TAR_NAME];
    uint64_t size;
    api_problem p = {0};
    srv_tar_step step;
    int archive = memfd_create("archive", MFD_CLOEXEC);
    RULE(archive >= 0 && write(archive, data, n) == (ssize_t)n && lseek(archive, 0, SEEK_SET) == 0);
    while ((step = srv_tar_next(archive, name, &size, &p)) == SRV_TAR_FILE) {
        RULE(memchr(name, '\0', sizeof name));
        if (!take_file(archive, size, n, &p))
            break;
    }
    RULE((step == SRV_TAR_END) == (p.code == API_NO_PROBLEM));
    if (step != SRV_TAR_END)
        check_problem(&p);
    close(archive);
    return 0;
}
