// What hashing a tree costs at least: a walk, and the hash that scan uses over every plain file, in one thread. Neither owners, modes,
// attributes, holes, changes meanwhile nor a baseline; nothing is synced.
//
//   hash_floor hash DIRECTORY      what is cached, as scan does; prints how many files and bytes
//   hash_floor compare DIRECTORY   the same, and each block against what the disk has (O_DIRECT), as `scan --full` does
//   hash_floor forget DIRECTORY    nothing is read; what is cached of it is dropped
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Alignas(4096) unsigned char block[1 << 18], stored[1 << 18];
static unsigned long long files, bytes, different;
static unsigned char sum[crypto_generichash_BYTES];
static enum { hashing, comparing, forgetting } job;

static void compare(int fd, size_t count) {
    if (read(fd, stored, (count + 4095) / 4096 * 4096) != (ssize_t)count || memcmp(block, stored, count) != 0) ++different;
}

static void hash(int fd, int direct) {
    crypto_generichash_state state;
    unsigned char digest[crypto_generichash_BYTES];
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    for (ssize_t count; (count = read(fd, block, sizeof block)) > 0; bytes += (unsigned long long)count) {
        crypto_generichash_update(&state, block, (unsigned long long)count);
        if (direct >= 0) compare(direct, (size_t)count);
    }
    crypto_generichash_final(&state, digest, sizeof digest);
    for (size_t i = 0; i < sizeof digest; ++i) sum[i] ^= digest[i];
    ++files;
}

static void look_at(int dir, const char *name, int fd) {
    if (job == forgetting) {
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        return;
    }
    int direct = job == comparing ? openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_DIRECT) : -1;
    if (job == comparing && direct < 0) exit(1);
    hash(fd, direct);
    if (direct >= 0) close(direct);
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
            look_at(dirfd(dir), entry->d_name, below);
            close(below);
        }
    }
    closedir(dir);
}

int main(int argc, char **argv) {
    if (argc != 3 || sodium_init() < 0) return 2;
    if (strcmp(argv[1], "compare") == 0) job = comparing;
    else if (strcmp(argv[1], "forget") == 0) job = forgetting;
    else if (strcmp(argv[1], "hash") != 0) return 2;
    int fd = open(argv[2], O_RDONLY | O_DIRECTORY);
    if (fd < 0) return 1;
    walk(fd);
    if (job != forgetting) printf("%llu files, %llu bytes, %llu blocks differ, %02x%02x\n", files, bytes, different, sum[0], sum[1]);
    return 0;
}
