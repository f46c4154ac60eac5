// What is written for the host's own systemd, looked at in its file system, and taken for a server's process: on a machine that is empty.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "server/drop_in.hpp"
#include "server/examine_parts.hpp"
#include "server/guest_log.hpp"
#include "server/hooks.hpp"
#include "server/host_service.hpp"
#include "server/log_note.hpp"
#include "server/log_sockets.hpp"
#include "server/our_programs.hpp"
#include "server/plugged_device.hpp"
#include "server/process_limits.hpp"
#include "sys/capability.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/scratch_dir.hpp"
#include "sys/unix_socket.hpp"

namespace vs::server {
namespace {

using Texts = std::vector<std::string>;
const std::string kUnits = "/etc/systemd/system";

void add_unit(const std::string& unit) {
    ASSERT_TRUE(sys::make_dirs(kUnits, 0755));
    ASSERT_TRUE(sys::replace_file(sys::open_dir(sys::kHere, kUnits).value(), unit, "[Service]\n", 0644, sys::Durability::volatile_));
}

TEST(DropIn, comes_with_its_directory_and_goes_with_it) {
    sys::on_empty_machine([] {
        ASSERT_TRUE(write_drop_in("a.service", "ours.conf", "one"));
        ASSERT_TRUE(write_drop_in("a.service", "ours.conf", "two"));
        EXPECT_EQ(sys::read_file(sys::kHere, drop_in_path("a.service", "ours.conf")).value(), "two");
        EXPECT_EQ(sys::stat_at(sys::kHere, drop_in_path("a.service", "ours.conf"))->st_mode & 07777, 0644U);
        ASSERT_TRUE(remove_drop_in("a.service", "ours.conf"));
        EXPECT_FALSE(sys::exists(sys::kHere, kUnits + "/a.service.d").value());
        EXPECT_TRUE(remove_drop_in("a.service", "ours.conf")) << "what is not there is no error";
    });
}

TEST(DropIn, leaves_what_others_have_in_the_same_directory) {
    sys::on_empty_machine([] {
        ASSERT_TRUE(write_drop_in("a.service", "theirs.conf", "x"));
        ASSERT_TRUE(write_drop_in("a.service", "ours.conf", "x"));
        ASSERT_TRUE(remove_drop_in("a.service", "ours.conf"));
        EXPECT_TRUE(sys::exists(sys::kHere, drop_in_path("a.service", "theirs.conf")).value());
    });
}

TEST(DropIn, finds_the_units_that_have_one_of_a_name) {
    sys::on_empty_machine([] {
        EXPECT_TRUE(units_with_drop_in("ours.conf").value().empty()) << "a machine without systemd";
        ASSERT_TRUE(write_drop_in("b@.service", "ours.conf", "x") && write_drop_in("a.service", "ours.conf", "x") && write_drop_in("c.service", "theirs.conf", "x"));
        add_unit("plain.service");
        EXPECT_EQ(units_with_drop_in("ours.conf").value(), (Texts{"a.service", "b@.service"}));
        EXPECT_FALSE(has_systemd().value());
        EXPECT_TRUE(reload_units()) << "where no systemd runs there is nothing to reload";
    });
}

TEST(HostService, is_planned_for_a_unit_and_addresses_that_this_host_has) {
    sys::on_empty_machine([] {
        PluggedDevice eth0("eth0", 10);
        eth0.add("192.0.2.7/24");
        for (const char* unit : {"web.service", "web.socket", "db@.service"}) add_unit(unit);

        auto web = plan_host_service("web", {"192.0.2.7"}).value();
        EXPECT_EQ(web.unit, "web.service");
        EXPECT_EQ(web.file, kUnits + "/web.service.d/vserver-addresses.conf");
        EXPECT_TRUE(web.has_socket) << "whose sockets are not locked";
        EXPECT_NE(web.text.find("--group 192.0.2.7\n"), std::string::npos);
        EXPECT_FALSE(plan_host_service("db@15", {"192.0.2.7"})->has_socket) << "an instance of a template";

        for (const auto& [unit, address] : {std::pair("mail", "192.0.2.7"), std::pair("web", "192.0.2.8"), std::pair("web", "nonsense")}) {
            auto refused = plan_host_service(unit, {address});
            ASSERT_FALSE(refused) << unit << address;
            EXPECT_EQ(refused.error().code, Code::usage);
        }
        EXPECT_FALSE(sys::exists(sys::kHere, web.file).value()) << "a plan writes nothing";
    }, CLONE_NEWNET);
}

TEST(HostService, is_locked_until_it_is_unlocked) {
    sys::on_empty_machine([] {
        PluggedDevice eth0("eth0", 10);
        eth0.add("192.0.2.7/24");
        add_unit("web.service");
        auto nothing = unlock_host_service("web");
        ASSERT_FALSE(nothing);
        EXPECT_EQ(nothing.error().code, Code::usage);

        auto web = plan_host_service("web", {"192.0.2.7"}).value();
        ASSERT_TRUE(lock_host_service(web));
        EXPECT_EQ(sys::read_file(sys::kHere, web.file).value(), web.text);
        EXPECT_EQ(unlock_host_service("web").value(), web.file);
        EXPECT_FALSE(sys::exists(sys::kHere, kUnits + "/web.service.d").value());
    }, CLONE_NEWNET);
}

struct HookCase {
    const char* what;
    const char* path;
    mode_t mode;
    uid_t owner;
    bool is_refused;
};
// Below a directory of root's: "hook" is the script, "dir" what it is in.
constexpr HookCase kHooks[] = {
    {"as it should be", "dir/hook", 0755, 0, false},   {"its group may write it", "dir/hook", 0775, 0, true},
    {"everybody may write it", "dir/hook", 0757, 0, true}, {"a file with the sticky bit is no directory", "dir/hook", 01757, 0, true},
    {"a user's own", "dir/hook", 0755, 4001, true},    {"in a directory that its group may write", "dir", 0775, 0, true},
    {"in a user's directory", "dir", 0755, 4001, true}, {"in a user's directory, sticky", "dir", 01777, 4001, true},
    {"in a directory like /tmp", "dir", 01777, 0, false},
};

TEST(CheckHook, a_script_that_anybody_but_root_decides_about_is_refused) {
    if (::getuid() != 0) GTEST_SKIP() << "only root gives files away";
    for (const auto& hook : kHooks) {
        sys::ScratchDir scratch;
        scratch.make_dir("dir");
        scratch.write("dir/hook", "#!/bin/sh\n");
        ASSERT_EQ(::chmod(scratch.path("dir/hook").c_str(), 0755), 0);
        ASSERT_EQ(::chown(scratch.path(hook.path).c_str(), hook.owner, hook.owner), 0);
        ASSERT_EQ(::chmod(scratch.path(hook.path).c_str(), hook.mode), 0);
        auto checked = check_hook(scratch.path("dir/hook"));
        EXPECT_EQ(!checked, hook.is_refused) << hook.what;
        if (checked || !hook.is_refused) continue;
        EXPECT_EQ(checked.error().code, Code::denied) << hook.what;
        EXPECT_EQ(checked.error().message(), fmt::format("'{}' is not root's alone to write: chown root and chmod go-w it", scratch.path(hook.path)));
    }
}

TEST(CheckHook, no_link_is_followed_on_the_way_or_at_the_end) {
    sys::ScratchDir scratch;
    scratch.make_dir("real");
    scratch.write("real/hook", "");
    ASSERT_TRUE(sys::make_symlink(scratch.dir(), "dir", "real"));
    ASSERT_TRUE(sys::make_symlink(scratch.dir(), "hook", "real/hook"));
    for (const char* path : {"hook", "dir/hook"}) {
        auto checked = check_hook(scratch.path(path));
        ASSERT_FALSE(checked) << path;
        EXPECT_EQ(checked.error().code, Code::denied) << path;
        EXPECT_NE(checked.error().message().find(scratch.path("real/hook")), std::string::npos) << "it says where the script is";
    }
    EXPECT_FALSE(check_hook(scratch.path("none")));
    EXPECT_FALSE(check_hook(scratch.path("real/../real/hook"))) << "a path is looked at by its own parts";
}

TEST(CheckHook, every_phase_has_its_name) {
    EXPECT_EQ(hook_name(HookPhase::pre_start), "pre-start");
    EXPECT_EQ(hook_name(HookPhase::post_start), "post-start");
    EXPECT_EQ(hook_name(HookPhase::pre_stop), "pre-stop");
    EXPECT_EQ(hook_name(HookPhase::post_stop), "post-stop");
}

Finding disk_finding(const storage::Store& store) {
    Findings findings;
    examine_disk(findings, store);
    return findings.take().at(0);
}

TEST(ExamineDisk, says_how_much_room_there_is_and_grades_it) {
    sys::on_empty_machine([] {
        struct Case { const char* options; int files; Grade grade; };
        for (const auto& [options, files, grade] : {Case{"size=2g,nr_inodes=10k", 0, Grade::good}, Case{"size=512m,nr_inodes=10k", 0, Grade::notice},
                                                    Case{"size=2g,nr_inodes=100", 80, Grade::good}, Case{"size=2g,nr_inodes=100", 200, Grade::notice}}) {
            ASSERT_EQ(::mount("tmpfs", "/var/lib", "tmpfs", 0, options), 0);
            ASSERT_TRUE(storage::Store::open());
            for (int i = 0; i < files; ++i) (void)sys::make_dir(sys::kHere, fmt::format("/var/lib/{}", i), 0700, sys::IfExists::fail);
            auto finding = disk_finding(storage::Store::open().value());
            EXPECT_EQ(finding.grade, grade) << options << ": " << finding.text;
            EXPECT_EQ(finding.remedy.empty(), grade == Grade::good) << options;
        }
        auto store = storage::Store::open().value();
        ASSERT_EQ(::mount("tmpfs", "/var/lib", "tmpfs", 0, ""), 0);
        EXPECT_EQ(disk_finding(store).grade, Grade::bad) << "it is gone";
    });
}

TEST(LogReader, is_systemd_where_that_is_what_the_init_leads_to_inside) {
    struct Case { const char* init; LogReader reader; };
    for (const auto& [init, reader] : {Case{"/usr/lib/systemd/systemd", LogReader::systemd}, Case{"../usr/lib/systemd/systemd", LogReader::systemd},
                                       Case{"../lib/systemd/systemd", LogReader::systemd}, Case{"other", LogReader::none}, Case{"init", LogReader::none},
                                       Case{"../../../../../../usr/lib/systemd/systemd", LogReader::systemd}, Case{"/proc/self/exe", LogReader::none}}) {
        sys::ScratchDir root;
        for (const char* dir : {"sbin", "usr", "usr/lib", "usr/lib/systemd"}) root.make_dir(dir);
        root.write("usr/lib/systemd/systemd", "x");
        root.write("sbin/other", "x");
        ASSERT_TRUE(sys::make_symlink(root.dir(), "lib", "usr/lib"));
        ASSERT_TRUE(sys::make_symlink(root.dir(), "sbin/init", init));
        EXPECT_EQ(log_reader(root.dir()), reader) << init;
    }
    sys::ScratchDir empty;
    EXPECT_EQ(log_reader(empty.dir()), LogReader::none);
}

TEST(LogSockets, are_there_for_everybody_inside_but_the_hosts_own_for_root) {
    sys::ScratchDir run;
    auto sockets = make_log_sockets(run.dir()).value();
    for (const char* file : {"log/log", "log/journal", "log/stream"}) EXPECT_EQ(sys::stat_at(run.dir(), file)->st_mode, S_IFSOCK | 0666U) << file;
    EXPECT_EQ(sys::stat_at(run.dir(), kNoteSocket)->st_mode, S_IFSOCK | 0600U);
    EXPECT_EQ(sys::stat_at(run.dir(), "log")->st_mode & 07777, 0755U);

    auto log = sys::open_dir(run.dir(), "log").value();
    ASSERT_TRUE(sys::send_datagram(log, "log", "hello"));
    EXPECT_EQ(sys::receive_message(sockets.log).value(), "hello");
    ASSERT_TRUE(sys::send_datagram(run.dir(), kNoteSocket, "note"));
    EXPECT_EQ(sys::receive_message(sockets.note).value(), "note");
}

TEST(LogSockets, new_ones_take_the_place_of_old_ones_and_all_can_be_removed_twice) {
    sys::ScratchDir run;
    auto before = make_log_sockets(run.dir()).value();
    auto after = make_log_sockets(run.dir()).value();
    ASSERT_TRUE(sys::send_datagram(run.dir(), kNoteSocket, "x"));
    EXPECT_EQ(sys::next_message_size(after.note).value(), 1U) << "the name is the new one's";
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(remove_log_sockets(run.dir()));
        EXPECT_TRUE(sys::list_dir(run.dir()).value().empty());
    }
}

TEST(OurPrograms, are_where_they_were_installed_or_where_a_test_says) {
    ::unsetenv("VSERVER_LIBEXEC");
    EXPECT_EQ(program_environment().size(), 2U) << "nothing of the caller's";
    ASSERT_EQ(::setenv("VSERVER_LIBEXEC", "/a/b", 1), 0);
    EXPECT_EQ(libexec_program("x"), "/a/b/x");
    EXPECT_EQ(program_environment().back(), "VSERVER_LIBEXEC=/a/b");
    ::unsetenv("VSERVER_LIBEXEC");
    EXPECT_TRUE(libexec_program("x").ends_with("/vserver/x"));
    auto missing = tool_program("vserver-no-such-tool");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message().find("install the package again"), std::string::npos);
}

const PreparedLimit& limit_of(const std::vector<PreparedLimit>& limits, int resource) {
    return *std::ranges::find(limits, resource, &PreparedLimit::resource);
}

model::Settings with_ulimit(const std::string& name, model::ResourceLimit limit) {
    model::Settings settings;
    settings.ulimits[name] = limit;
    return settings;
}

TEST(ProcessLimits, are_those_of_the_settings_and_else_the_defaults) {
    auto limits = prepare_limits(with_ulimit("nofile", {64, 128})).value();
    EXPECT_EQ(limits.size(), model::ulimit_names().size());
    const auto& files = limit_of(limits, RLIMIT_NOFILE);
    EXPECT_EQ(files.bounds, (sys::LimitBounds{64, 128}));
    for (const auto& known : model::ulimit_names()) {
        const auto& limit = limit_of(limits, known.resource);
        EXPECT_GE(limit.widest.hard, limit.bounds.hard) << known.name;
        const std::uint64_t most = sys::may_raise_limits() ? ~0ULL : sys::own_limit(known.resource)->hard;
        const bool is_named = known.resource == RLIMIT_NOFILE;
        EXPECT_EQ(is_named ? limit.widest : limit.bounds, (sys::LimitBounds{std::min(known.soft, most), std::min(known.hard, most)})) << known.name;
    }
    const auto unlimited = prepare_limits(with_ulimit("stack", {}));
    EXPECT_EQ(unlimited.has_value(), sys::may_raise_limits() || sys::own_limit(RLIMIT_STACK)->hard == ~0ULL);
    if (!unlimited) return;
    EXPECT_EQ(limit_of(*unlimited, RLIMIT_STACK).bounds, (sys::LimitBounds{~0ULL, ~0ULL}));
}

TEST(ProcessLimits, a_named_one_that_cannot_be_reached_is_an_error_and_a_default_is_lowered) {
    sys::in_own_namespaces(0, [] {
        ASSERT_TRUE(sys::set_limit(0, RLIMIT_NOFILE, {100, 200}));
        sys::CapabilityBits bits;
        ASSERT_EQ(sys::get_capabilities_raw(bits), 0);
        bits.effective &= ~(1ULL << CAP_SYS_RESOURCE);
        ASSERT_EQ(sys::set_capabilities_raw(bits), 0);

        const auto lowered = limit_of(prepare_limits({}).value(), RLIMIT_NOFILE);
        EXPECT_EQ(lowered.bounds.hard, 200U);
        EXPECT_EQ(lowered.widest.hard, 200U);
        EXPECT_TRUE(prepare_limits(with_ulimit("nofile", {50, 200})));
        auto refused = prepare_limits(with_ulimit("nofile", {50, 201}));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::unsupported);
        EXPECT_NE(refused.error().message().find("ulimits.nofile"), std::string::npos);
    });
}

/// A child that waits to be killed.
class Sleeper {
  public:
    explicit Sleeper(void (*first)() = [] {}) {
        pid_ = ::fork();
        if (pid_ != 0) return;
        first();
        for (;;) ::pause();
    }
    ~Sleeper() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

TEST(ProcessLimits, a_child_has_its_own_within_the_widest_that_its_maker_took) {
    sys::in_own_namespaces(0, [] {
        auto limits = prepare_limits(with_ulimit("nofile", {64, 128})).value();
        ASSERT_TRUE(take_limits(limits));
        EXPECT_EQ(sys::own_limit(RLIMIT_NOFILE).value(), limit_of(limits, RLIMIT_NOFILE).widest);
        Sleeper child;
        ASSERT_TRUE(limit_child(child.pid(), limits));
        rlimit got{};
        ASSERT_EQ(::prlimit(child.pid(), RLIMIT_NOFILE, nullptr, &got), 0);
        EXPECT_EQ(got.rlim_cur, 64U);
        EXPECT_EQ(got.rlim_max, 128U);
        ASSERT_EQ(::prlimit(child.pid(), RLIMIT_CORE, nullptr, &got), 0);
        EXPECT_EQ(got.rlim_max, limit_of(limits, RLIMIT_CORE).bounds.hard);
    });
}

TEST(ProcessLimits, a_child_keeps_nothing_of_who_started_it) {
    if (::getuid() != 0) GTEST_SKIP() << "only root raises priorities";
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    static int told;
    told = ready[1];
    Sleeper child([] {
        cpu_set_t first;
        CPU_ZERO(&first);
        CPU_SET(0, &first);
        ::sched_setaffinity(0, sizeof first, &first);
        sched_param ordinary{};
        ::sched_setscheduler(0, SCHED_BATCH, &ordinary);
        int fd = ::open("/proc/self/oom_score_adj", O_WRONLY);
        (void)!::write(fd, "-500", 4);
        (void)!::write(told, "x", 1);
    });
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ASSERT_EQ(::sched_getscheduler(child.pid()), SCHED_BATCH);

    ASSERT_TRUE(detach_from_caller(child.pid(), sys::open_dir(sys::kHere, "/proc").value()));
    cpu_set_t processors, ours;
    ASSERT_EQ(::sched_getaffinity(child.pid(), sizeof processors, &processors), 0);
    ASSERT_EQ(::sched_getaffinity(0, sizeof ours, &ours), 0);
    EXPECT_GE(CPU_COUNT(&processors), CPU_COUNT(&ours));
    EXPECT_EQ(::sched_getscheduler(child.pid()), SCHED_OTHER);
    EXPECT_EQ(sys::read_kernel_file(sys::kHere, fmt::format("/proc/{}/oom_score_adj", child.pid())).value(), "0");
    ::close(ready[0]);
    ::close(ready[1]);
}

}  // namespace
}  // namespace vs::server
