// One TCP stream at full speed.
//
//   stream PORT                    takes one connection after the other on every address, until it is killed
//   stream ADDRESS PORT MS         sends for so long and prints the bits per second that the other side has taken
//
// Static and without options, so that it runs alike on the host and in a server without libraries.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[128 * 1024];

static void die(const char* what) {
    perror(what);
    exit(1);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct sockaddr_in address_of(const char* ip, const char* port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    if (inet_pton(AF_INET, ip, &address.sin_addr) != 1) die(ip);
    return address;
}

// The last byte that was read is acknowledged by a byte, so that nothing in a buffer counts as taken.
static void take(int connection) {
    while (read(connection, buffer, sizeof buffer) > 0) {}
    if (write(connection, "", 1) != 1) perror("acknowledge");
    close(connection);
}

static int serve(const char* port) {
    const struct sockaddr_in any = address_of("0.0.0.0", port);
    const int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (const struct sockaddr*)&any, sizeof any) || listen(listener, 4)) die("listen");
    for (;;) {
        const int connection = accept(listener, NULL, NULL);
        if (connection >= 0) take(connection);
    }
}

static int send_for(const char* ip, const char* port, double duration) {
    const struct sockaddr_in server = address_of(ip, port);
    const int stream = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(stream, (const struct sockaddr*)&server, sizeof server)) die("connect");
    const double begin = seconds();
    double sent = 0;
    while (seconds() - begin < duration) {
        const ssize_t written = write(stream, buffer, sizeof buffer);
        if (written <= 0) die("write");
        sent += (double)written;
    }
    shutdown(stream, SHUT_WR);
    if (read(stream, buffer, 1) != 1) die("acknowledgement");
    printf("%.0f\n", 8 * sent / (seconds() - begin));
    return 0;
}

int main(int count, char** words) {
    if (count == 2) return serve(words[1]);
    if (count == 4) return send_for(words[1], words[2], atoi(words[3]) / 1e3);
    return 2;
}
