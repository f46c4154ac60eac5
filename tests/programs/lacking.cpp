// lacking: runs a command on a kernel that lacks some calls.
//
//     lacking CALL[:ARGUMENT][=ERRNO]... -- COMMAND...
//
// Each named call fails with ENOSYS, as on a kernel without it, or with ERRNO (a number), as where an administrator or a hardened
// kernel refuses it; with ARGUMENT only where that is its first one; for the command and all that it starts. The status is the command's; 125 is a failure of ours.

#include <seccomp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "lacking: %s\n", what.c_str());
    std::exit(125);
}

void take_away(scmp_filter_ctx filter, const std::string& word) {
    const auto equals = word.find('=');
    const auto colon = word.find(':');
    const auto name = word.substr(0, std::min(equals, colon));
    const auto error = equals == std::string::npos ? ENOSYS : std::atoi(word.c_str() + equals + 1);
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) die("there is no call '" + name + "'");
    const bool always = colon == std::string::npos;
    const scmp_arg_cmp first{0, SCMP_CMP_EQ, always ? 0 : std::strtoull(word.c_str() + colon + 1, nullptr, 0), 0};
    const auto action = SCMP_ACT_ERRNO(static_cast<unsigned>(error) & 0xffffU);
    if (seccomp_rule_add_array(filter, action, number, always ? 0 : 1, &first) < 0) die("no rule for '" + word + "'");
}

}  // namespace

int main(int argc, char** argv) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == nullptr) die("no filter");
    // A program that may not gain rights is another than the one to be tested.
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    int at = 1;
    for (; at < argc && std::string(argv[at]) != "--"; ++at) take_away(filter, argv[at]);
    if (at + 1 >= argc) die("lacking CALL[=ERRNO]... -- COMMAND...");
    if (seccomp_load(filter) < 0) die("the filter does not load");
    execvp(argv[at + 1], argv + at + 1);
    die("cannot run the command");
}
