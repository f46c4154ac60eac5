// Datagrams of 128 bytes into a Unix socket, and the least that can be done with them.
//
//   log_flood send SOCKET COUNT [WORD]    sends "<14>WORD NUMBER xxx..."; prints the seconds from the first send to the last one's return
//   log_flood floor SOCKET FILE COUNT     takes COUNT of them by recvmmsg and writes them, a line each: no hash, no time, no check
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { kSize = 128, kBatch = 64 };

static void die(const char* what) {
    perror(what);
    exit(1);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct sockaddr_un address_of(const char* path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) die(path);
    strcpy(address.sun_path, path);
    return address;
}

static void send_all(const char* path, long count, const char* word) {
    struct sockaddr_un address = address_of(path);
    int out = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (connect(out, (struct sockaddr*)&address, sizeof address) < 0) die(path);
    char message[kSize + 1];
    double start = seconds();
    for (long i = 0; i < count; ++i) {
        int length = snprintf(message, sizeof message, "<14>%s %ld ", word, i);
        memset(message + length, 'x', (size_t)(kSize - length));
        if (send(out, message, kSize, 0) != kSize) die("send");
    }
    printf("%.6f\n", seconds() - start);
}

static void take_all(const char* path, const char* file, long count) {
    static char bytes[kBatch][kSize + 1];
    struct sockaddr_un address = address_of(path);
    int in = socket(AF_UNIX, SOCK_DGRAM, 0), out = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    unlink(path);
    if (out < 0 || bind(in, (struct sockaddr*)&address, sizeof address) < 0) die(path);
    struct iovec parts[kBatch];
    struct mmsghdr messages[kBatch];
    while (count > 0) {
        for (int i = 0; i < kBatch; ++i) {
            parts[i] = (struct iovec){bytes[i], kSize};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
        }
        int taken = recvmmsg(in, messages, kBatch, MSG_WAITFORONE, NULL);
        if (taken < 0) die("recvmmsg");
        for (int i = 0; i < taken; ++i) {
            bytes[i][messages[i].msg_len] = '\n';
            parts[i].iov_len = messages[i].msg_len + 1;
        }
        if (writev(out, parts, taken) < 0) die("writev");
        count -= taken;
    }
}

int main(int argc, char** argv) {
    if (argc >= 4 && strcmp(argv[1], "send") == 0) send_all(argv[2], atol(argv[3]), argc > 4 ? argv[4] : "flood");
    else if (argc == 5 && strcmp(argv[1], "floor") == 0) take_all(argv[2], argv[3], atol(argv[4]));
    else return 2;
    return 0;
}
