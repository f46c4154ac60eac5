// What a server's root does to its own server and no ordinary tool does: tests/system/scan.bats and crossview.bats copy this
// into servers. Static and freestanding.
//
//   tamper capability FILE            gives it cap_net_raw+ep
//   tamper acl FILE                   lets user 33 write it by an access control list
//   tamper map FILE                   maps it, closes it, stores a byte; a line of input each: stores another
//   tamper unnamed FILE               makes it out of a file without name (O_TMPFILE)
//   tamper copy FROM FILE             writes it by copy_file_range(2)
//   tamper punch FILE                 makes its first block a hole
//   tamper exchange FILE FILE         swaps them (RENAME_EXCHANGE)
//   tamper socket FILE                binds a socket there
//   tamper io_uring                   0 where the kernel lets it make a ring
//   tamper ring FILE                  writes its first byte by such a ring, with no call of write(2)
//   tamper memory COMMAND...          runs this program out of a memfd, as COMMAND
//   tamper anonymous                  runs with a page that it can write and execute
//   tamper listen PORT                takes connections
//   tamper hop                        is never the same process for long: forks, and the parent ends
//   tamper sleep                      says "ready" and waits for its end
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;

int check(long result, const char* what) {
    if (result >= 0) return static_cast<int>(result);
    std::perror(what);
    std::exit(1);
}

int open_file(const std::string& path, int flags) { return check(::open(path.c_str(), flags, 0644), "open"); }

void set(const std::string& path, const char* name, const void* value, std::size_t size) { check(::setxattr(path.c_str(), name, value, size, 0), name); }

void give_capability(const Words& words) {
    const std::uint32_t version2_effective = 0x02000001, net_raw = 1U << 13;
    const std::uint32_t value[5] = {version2_effective, net_raw, 0, 0, 0};
    set(words[0], "security.capability", value, sizeof value);
}

void give_acl(const Words& words) {
    struct Item { std::uint16_t tag, rights; std::uint32_t id; };
    struct { std::uint32_t version; Item items[5]; } acl = {2, {{1, 6, ~0U}, {2, 6, 33}, {4, 4, ~0U}, {16, 6, ~0U}, {32, 4, ~0U}}};
    set(words[0], "system.posix_acl_access", &acl, sizeof acl);
}

void wait_for_line() {
    for (int c = std::getchar(); c != '\n'; c = std::getchar())
        if (c == EOF) std::exit(0);
}

void say(const char* line) {
    std::puts(line);
    std::fflush(stdout);
}

void store_by_map(const Words& words) {
    int file = open_file(words[0], O_RDWR);
    auto* page = static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    if (page == MAP_FAILED) check(-1, "mmap");
    ::close(file);
    for (int at = 0;; ++at) {
        page[at] = '#';
        say("stored");
        wait_for_line();
    }
}

void make_unnamed(const Words& words) {
    auto dir = words[0].substr(0, words[0].rfind('/'));
    int file = open_file(dir, O_TMPFILE | O_RDWR);
    check(::write(file, "x", 1), "write");
    auto self = "/proc/self/fd/" + std::to_string(file);
    check(::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, words[0].c_str(), AT_SYMLINK_FOLLOW), "linkat");
}

void copy(const Words& words) {
    int from = open_file(words[0], O_RDONLY), to = open_file(words[1], O_WRONLY);
    check(::copy_file_range(from, nullptr, to, nullptr, 4, 0), "copy_file_range");
}

void punch(const Words& words) {
    check(::fallocate(open_file(words[0], O_RDWR), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), "fallocate");
}

void exchange(const Words& words) { check(::renameat2(AT_FDCWD, words[0].c_str(), AT_FDCWD, words[1].c_str(), RENAME_EXCHANGE), "renameat2"); }

void bind_socket(const Words& words) {
    sockaddr_un address{AF_UNIX, {}};
    words[0].copy(address.sun_path, sizeof address.sun_path - 1);
    int socket = check(::socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    check(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
}

void make_ring(const Words&) {
    char parameters[256] = {};
    check(::syscall(SYS_io_uring_setup, 1, parameters), "io_uring_setup");
}

char* map_ring(int ring, std::size_t size, std::uint64_t which) {
    void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, static_cast<off_t>(which));
    if (at == MAP_FAILED) check(-1, "mmap");
    return static_cast<char*>(at);
}

void write_by_ring(const Words& words) {
    io_uring_params parameters{};
    int ring = check(::syscall(SYS_io_uring_setup, 1, &parameters), "io_uring_setup"), file = open_file(words[0], O_WRONLY);
    char* queue = map_ring(ring, parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
    auto* entry = reinterpret_cast<io_uring_sqe*>(map_ring(ring, sizeof(io_uring_sqe), IORING_OFF_SQES));
    entry->opcode = IORING_OP_WRITE;
    entry->fd = file;
    entry->addr = reinterpret_cast<std::uint64_t>("#");
    entry->len = 1;
    *reinterpret_cast<unsigned*>(queue + parameters.sq_off.array) = 0;
    __atomic_store_n(reinterpret_cast<unsigned*>(queue + parameters.sq_off.tail), 1U, __ATOMIC_RELEASE);
    check(::syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0), "io_uring_enter");
}

void run_from_memory(const Words& words) {
    int from = open_file("/proc/self/exe", O_RDONLY), to = check(::memfd_create("", 0), "memfd_create");
    char chunk[65536];
    for (long count = ::read(from, chunk, sizeof chunk); count > 0; count = ::read(from, chunk, sizeof chunk))
        check(::write(to, chunk, static_cast<std::size_t>(count)), "write");
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::fexecve(to, arguments.data(), environ);
    check(-1, "fexecve");
}

void sleep_for_ever(const Words&) {
    say("ready");
    for (;;) ::pause();
}

void run_with_anonymous_page(const Words& words) {
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) check(-1, "mmap");
    std::memset(page, 0xc3, 4096);
    sleep_for_ever(words);
}

void listen_on(const Words& words) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(words[0].c_str())));
    int socket = check(::socket(AF_INET, SOCK_STREAM, 0), "socket");
    check(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    check(::listen(socket, 1), "listen");
    sleep_for_ever(words);
}

void hop(const Words&) {
    say("ready");
    for (;;) {
        if (check(::fork(), "fork") != 0) ::_exit(0);
        ::usleep(500);
    }
}

struct Trick {
    const char* name;
    std::size_t words;
    void (*run)(const Words&);
};
constexpr Trick kTricks[] = {
    {"capability", 1, give_capability}, {"acl", 1, give_acl}, {"map", 1, store_by_map}, {"unnamed", 1, make_unnamed}, {"copy", 2, copy},
    {"punch", 1, punch}, {"exchange", 2, exchange}, {"socket", 1, bind_socket}, {"io_uring", 0, make_ring}, {"ring", 1, write_by_ring}, {"memory", 1, run_from_memory},
    {"anonymous", 0, run_with_anonymous_page}, {"listen", 1, listen_on}, {"hop", 0, hop}, {"sleep", 0, sleep_for_ever},
};

}  // namespace

int main(int argc, char** argv) {
    std::string name = argc > 1 ? argv[1] : "";
    if (argc == 1 && std::string(argv[0]).find("tamper") == std::string::npos) name = "sleep";  // run as something else
    Words words(argv + std::min(argc, 2), argv + argc);
    for (const auto& trick : kTricks)
        if (name == trick.name && words.size() >= trick.words) {
            trick.run(words);
            return 0;
        }
    std::fputs("tamper: no such trick\n", stderr);
    return 2;
}
