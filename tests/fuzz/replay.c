// Runs a fuzz target on files without libFuzzer: each argument is an input or a folder of inputs.
// The target decides by crashing; an input that is merely rejected is fine.

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int n_inputs;

static int replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    // an exact-size block, so that the address sanitizer sees a read of one byte too many
    uint8_t *data = NULL;
    size_t size = 0;
    int status = -1;
    if (fseek(file, 0, SEEK_END) == 0) {
        long end = ftell(file);
        rewind(file);
        size = end > 0 ? (size_t)end : 0;
        data = malloc(size ? size : 1);
        if (data && fread(data, 1, size, file) == size) {
            LLVMFuzzerTestOneInput(data, size);
            n_inputs++;
            status = 0;
        }
    }
    if (status < 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
    }
    free(data);
    fclose(file);
    return status;
}

static int replay_folder(const char *path, DIR *folder) {
    int status = 0;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char name[4096];
        if (entry->d_name[0] != '.') {
            snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            status |= replay_file(name);
        }
    }
    return status;
}

int main(int argc, char **argv) {
    int status = 0;
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder) {
            status |= replay_folder(argv[i], folder);
            closedir(folder);
        } else {
            status |= replay_file(argv[i]);
        }
    }
    printf("%d inputs replayed\n", n_inputs);
    return status || n_inputs == 0;
}
