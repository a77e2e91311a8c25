/* replay_main: runs a fuzz target, built by any compiler, over files: those given, and those
 * in folders given. It fails when there are none. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static long replayed;

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    long n = -1;
    if (f && fseek(f, 0, SEEK_END) == 0)
        n = ftell(f);
    uint8_t *data = n < 0 ? NULL : malloc((size_t)n + !n);
    if (!data || fseek(f, 0, SEEK_SET) != 0 || fread(data, 1, (size_t)n, f) != (size_t)n) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    fclose(f);
    fprintf(stderr, "%s\n", path); /* the last one is the one that aborted */
    LLVMFuzzerTestOneInput(data, (size_t)n);
    free(data);
    replayed++;
}

static void replay(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) {
        replay_file(path);
        return;
    }
    for (const struct dirent *e; (e = readdir(folder));) {
        char file[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        replay_file(file);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%ld inputs\n", replayed);
    return replayed ? EXIT_SUCCESS : EXIT_FAILURE;
}
