// What hashing a tree costs at least: a walk, and the hash that scan uses over every plain file, in one thread. Neither owners, modes,
// attributes, holes, changes meanwhile nor a baseline; nothing is synced.
//
//   hash_floor DIRECTORY      prints how many files and bytes
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned char block[1 << 18];
static unsigned long long files, bytes;
static unsigned char sum[crypto_generichash_BYTES];

static void hash(int fd) {
    crypto_generichash_state state;
    unsigned char digest[crypto_generichash_BYTES];
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    for (ssize_t count; (count = read(fd, block, sizeof block)) > 0; bytes += (unsigned long long)count)
        crypto_generichash_update(&state, block, (unsigned long long)count);
    crypto_generichash_final(&state, digest, sizeof digest);
    for (size_t i = 0; i < sizeof digest; ++i) sum[i] ^= digest[i];
    ++files;
}

static void walk(int fd) {
    DIR *dir = fdopendir(fd);
    if (dir == NULL) exit(1);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) exit(1);
        if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) continue;
        int below = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0) exit(1);
        if (S_ISDIR(status.st_mode)) {
            walk(below);
        } else {
            hash(below);
            close(below);
        }
    }
    closedir(dir);
}

int main(int argc, char **argv) {
    if (argc != 2 || sodium_init() < 0) return 2;
    int fd = open(argv[1], O_RDONLY | O_DIRECTORY);
    if (fd < 0) return 1;
    walk(fd);
    printf("%llu files, %llu bytes, %02x%02x\n", files, bytes, sum[0], sum[1]);
    return 0;
}
