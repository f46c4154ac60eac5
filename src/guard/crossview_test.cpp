#include "guard/testimony.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/dice.hpp"
#include "sys/file.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::guard {
namespace {

sys::Task task(pid_t inside, const std::string& program = "/bin/x") {
    sys::Task made;
    made.pid = inside + 1000;
    made.pid_inside = inside;
    made.name = "x";
    made.program = program;
    return made;
}

sys::MountEntry mount(const std::string& point, const std::string& type, const std::string& device, const std::string& root) {
    sys::MountEntry entry;
    entry.point = point;
    entry.type = type;
    entry.device = device;
    entry.root = root;
    return entry;
}

/// Two views that agree: processes 1 and 2, port 22, a file.
TwoViews agreeing() {
    TwoViews views;
    views.before.tasks = {task(1), task(2)};
    views.before.sockets = {{"tcp", 22, "0.0.0.0", 0, 1}};
    views.alive_after = {1001, 1002};
    views.open_after = {"tcp 22"};
    views.story = {.ps = Pids{1, 2, 77}, .proc = Pids{1, 2, 78}, .ports = {{"ss", Ports{"tcp 22", "tcp 23"}}}, .names = Names{{"/etc", {".", "..", "a"}}}, .silent = {}};
    views.names = {{"/etc", {"a"}}};
    return views;
}

std::string seen(const TwoViews& views) {
    std::string text;
    for (const auto& sighting : compare_views(views, Expected::of({}))) text += fmt::format("{} {};", trick_name(sighting.trick), sighting.subject);
    return text;
}

TEST(Crossview, views_that_agree_are_nothing) { EXPECT_EQ(seen(agreeing()), ""); }

TEST(Crossview, who_is_missing_from_either_story_is_hidden) {
    auto views = agreeing();
    views.story.ps = Pids{1};
    EXPECT_EQ(seen(views), "hidden_process process 2 (x), host pid 1002;");
    views = agreeing();
    views.story.proc = Pids{1};
    EXPECT_EQ(seen(views), "hidden_process process 2 (x), host pid 1002;");
}

TEST(Crossview, what_ended_meanwhile_is_not_held_against_it) {
    auto views = agreeing();
    views.story.ps = Pids{1};
    views.alive_after = {1001};
    EXPECT_EQ(seen(views), "");
    views = agreeing();
    views.story.ports["netstat"] = {};  // one tool tells the truth, one does not
    EXPECT_EQ(seen(views), "hidden_socket tcp port 22;");
    views.open_after = {};
    EXPECT_EQ(seen(views), "");
}

TEST(Crossview, a_name_that_ls_keeps_to_itself) {
    auto views = agreeing();
    views.story.names = Names{{"/etc", {"b"}}};
    EXPECT_EQ(seen(views), "hidden_file /etc/a;");
    views.story.names = Names{};
    EXPECT_EQ(seen(views), "hidden_file /etc/a;");
}

TEST(Crossview, programs_and_code_without_a_file) {
    auto views = agreeing();
    views.before.tasks = {task(1, "/tmp/x (deleted)"), task(2, "/memfd:x (deleted)")};
    EXPECT_EQ(seen(views), "deleted_program process 1 (x), host pid 1001;memory_program process 2 (x), host pid 1002;");
    views = agreeing();
    views.before.tasks[0].executable = {"/lib/a.so (deleted)", ""};
    EXPECT_EQ(seen(views), "deleted_code process 1 (x), host pid 1001;anonymous_code process 1 (x), host pid 1001;");
}

TEST(Crossview, mounts_that_nobody_asked_for) {
    model::Settings settings;
    settings.volumes = {"/srv/data"};
    std::vector<sys::MountEntry> mounts = {
        mount("/", "overlay", "0:1", "/"), mount("/proc", "proc", "0:2", "/"), mount("/srv/data", "ext4", "8:1", "/v"),
        mount("/proc/kcore", "tmpfs", "0:3", "/nothing"), mount("/tmp", "tmpfs", "0:4", "/"), mount("/usr", "overlay", "0:1", "/usr"),
        mount("/proc/sys", "proc", "0:2", "/sys"), mount("/run/lock", "tmpfs", "0:5", "/")};
    EXPECT_TRUE(foreign_mounts(mounts, Expected::of(settings)).empty());
    for (const auto& mounted : {mount("/etc", "tmpfs", "0:6", "/"), mount("/proc/12", "proc", "0:2", "/1"), mount("/proc", "tmpfs", "0:7", "/"),
                                mount("/usr/bin", "overlay", "0:1", "/tmp/bin"), mount("/proc/12", "tmpfs", "0:8", "/"), mount("/proc", "proc", "0:9", "/")}) {
        auto with = mounts;
        with.push_back(mounted);
        ASSERT_EQ(foreign_mounts(with, Expected::of(settings)).size(), 1U) << mounted.point;
        EXPECT_EQ(foreign_mounts(with, Expected::of(settings))[0].device, mounted.device);
    }
}

TEST(HostView, what_covers_the_root_lends_nothing_to_what_is_bound_from_it) {
    const std::vector<sys::MountEntry> mounts = {mount("/", "overlay", "0:1", "/"), mount("/", "tmpfs", "0:6", "/"),
                                                 mount("/etc/cron.d", "tmpfs", "0:6", "/etc/cron.d")};
    EXPECT_EQ(foreign_mounts(mounts, Expected::of({})).size(), 2U);
}

TEST(HostView, a_place_of_which_nothing_is_expected_may_be_covered_unless_something_is_of_what_lies_in_it) {
    for (const char* point : {"/var", "/var/lib", "/var/spool", "/home"})
        EXPECT_EQ(foreign_mounts({mount("/", "overlay", "0:1", "/"), mount(point, "tmpfs", "0:6", "/")}, Expected::of({})).size(), 1U) << point;
    for (const char* point : {"/tmp", "/run/user/1000", "/srv/www", "/var/tmp", "/var/lib/postgresql"})
        EXPECT_TRUE(foreign_mounts({mount("/", "overlay", "0:1", "/"), mount(point, "tmpfs", "0:6", "/")}, Expected::of({})).empty()) << point;
}

TEST(HostView, a_mask_of_the_guests_own_is_none_of_ours) {
    const std::vector<sys::MountEntry> mounts = {mount("/", "overlay", "0:1", "/"), mount("/proc", "proc", "0:2", "/"),
                                                 mount("/proc/keys", "tmpfs", "0:3", "/nothing"), mount("/proc/12", "tmpfs", "0:9", "/empty")};
    ASSERT_EQ(foreign_mounts(mounts, Expected::of({})).size(), 1U);
    EXPECT_EQ(foreign_mounts(mounts, Expected::of({}))[0].point, "/proc/12");
    model::Settings nesting;
    nesting.nesting = true;
    EXPECT_EQ(foreign_mounts(mounts, Expected::of(nesting)).size(), 2U);
}

TEST(Story, pids_of_any_ps) {
    EXPECT_EQ(parse_pids("    1\n   42\n", 0), (Pids{1, 42}));
    EXPECT_EQ(parse_pids("PID\n1\n7\n", 0), (Pids{1, 7}));
    EXPECT_EQ(parse_pids("1\nself\nacpi\n99999999999\n", 0), (Pids{1}));
}

TEST(Story, ports_of_ss_and_netstat) {
    EXPECT_EQ(parse_ports("tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\nudp UNCONN 0 0 [::]%eth0:53 [::]:*\n"), (Ports{"tcp 22", "udp 53"}));
    EXPECT_EQ(parse_ports("Active Internet connections\ntcp        0      0 :::8080        :::*        LISTEN\n"), (Ports{"tcp 8080"}));
    EXPECT_EQ(parse_ports("tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:4000\nudp ESTAB 0 0 10.0.0.1:68 10.0.0.2:67\n"), (Ports{"udp 68"}));
    EXPECT_EQ(parse_ports("tcp nonsense\nunix x:1\ntcp a:b\n"), Ports{});
}

TEST(Story, names_of_ls) {
    EXPECT_EQ(parse_names("/:\n.\n..\netc\n\n/etc:\n.\n..\na:\n", {"/", "/etc"}), (Names{{"/", {".", "..", "etc"}}, {"/etc", {".", "..", "a:"}}}));
}

TEST(Story, pids_in_the_column_where_they_are) {
    EXPECT_EQ(parse_pids("UID          PID    PPID\nroot           1       0\nweb           42       1\n", 1), (Pids{1, 42}));
}

TEST(Crossview, who_comes_and_goes_unseen_is_counted) {
    auto views = agreeing();
    EXPECT_EQ(count_movers(views), 0U);
    views.alive_after = {1001};  // it ended, and ps had shown it
    EXPECT_EQ(count_movers(views), 0U);
    views.story.ps = Pids{1};
    EXPECT_EQ(count_movers(views), 1U);
    views.vanished = 2;
    EXPECT_EQ(count_movers(views), 3U);
    views.open_after = {};
    EXPECT_EQ(count_movers(views), 3U);
    views.story.ports["ss"] = {};
    EXPECT_EQ(count_movers(views), 4U);
}

// --------------------------------------------------------------------------------------------------------- testimony

std::string piece(std::string_view kind, std::string_view of, std::string_view bytes) { return fmt::format("{} {} {}\n{}\n", kind, of, bytes.size(), bytes); }

TEST(Testimony, what_was_gathered_is_understood) {
    auto text = piece("rule", "/", "0") + piece("task", "1001", "Name:\tx\nNSpid:\t1001\t1\n") + piece("program", "1001", "/tmp/x (deleted)") +
                piece("maps", "1001", "55d-55e rwxp 00000000 00:00 0 \n") + piece("vanished", "1002", "") + piece("socket", "-", "tcp 22 0.0.0.0 7") +
                piece("mounts", "-", "1 0 0:1 / / rw - overlay overlay rw\n") + piece("ps", "0", " 77\n") + piece("ports", "ss", "") +
                piece("asked", "/", "") + piece("asked", "/etc", "") + piece("told", "-", "/etc:\na\n\n/:\netc\n") + piece("present", "/etc", std::string("a\0b\0", 4)) +
                piece("alive", "-", "1001\n") + piece("open", "tcp%2022", "") + piece("silent", "ls", "why") + "end\n";
    auto found = look_into(text);
    ASSERT_TRUE(found) << found.error().message();
    std::string seen;
    for (const auto& sighting : found->sightings) seen += fmt::format("{} {};", trick_name(sighting.trick), sighting.subject);
    EXPECT_EQ(seen, "hidden_process process 1 (x), host pid 1001;deleted_program process 1 (x), host pid 1001;anonymous_code process 1 (x), host pid 1001;"
                    "hidden_socket tcp port 22;hidden_file /etc/b;");
    EXPECT_EQ(found->unknown, (std::vector<Unknown>{{"ls", "why"}}));
    EXPECT_EQ(found->movers, 1U);
    auto again = parse_findings(print_findings(*found));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->sightings, found->sightings);
    EXPECT_EQ(again->unknown, found->unknown);
    EXPECT_EQ(again->processes, 1U);
    EXPECT_EQ(again->movers, 1U);
}

TEST(Testimony, what_is_not_whole_or_not_as_agreed_is_none) {
    const auto good = piece("task", "1001", "Name:\tx\n") + piece("ps", "0", "1\n") + "end\n";
    ASSERT_TRUE(look_into(good));
    for (std::size_t length = 0; length < good.size(); ++length) EXPECT_FALSE(look_into(good.substr(0, length))) << length;
    for (const auto& bad : {piece("nonsense", "-", ""), piece("maps", "1", ""), piece("socket", "-", "tcp 22"), piece("rule", "x", "0"), piece("rule", "/", "9"),
                            std::string("ps 0 99999\n1\n"), std::string("ps 0 -1\n"), std::string("ps 0\n")})
        EXPECT_FALSE(look_into(bad + "end\n")) << bad;
    for (const char* bad : {"", "end", "sighting nonsense a b\nend\n", "sighting hidden_file a\nend\n", "counts 1 2 3\nend\n", "counts 1 2 3 x\nend\n", "end\nend\n"})
        EXPECT_FALSE(parse_findings(bad)) << bad;
}

TEST(Testimony, a_damaged_one_is_refused_or_understood_and_harms_nobody) {
    const auto whole = piece("rule", "/", "0") + piece("task", "1001", "Name:\tx\nNSpid:\t1001\t1\n") + piece("program", "1001", "/x") + piece("socket", "-", "tcp 22 0.0.0.0 7") +
                       piece("mounts", "-", "1 0 0:1 / / rw - overlay overlay rw\n") + piece("ps", "0", "1\n") + piece("asked", "/etc", "") + piece("told", "-", "/etc:\na\n") + "end\n";
    base::Dice dice(1);
    for (int i = 0; i < 3000; ++i) {
        auto found = look_into(dice.damage(whole));
        if (!found) continue;
        EXPECT_TRUE(parse_findings(print_findings(*found)));
    }
}

TEST(Testimony, findings_read_back_whatever_a_guest_called_its_things) {
    base::Dice dice(2);
    std::string bytes;
    for (int c = 0; c < 256; ++c) bytes += static_cast<char>(c);
    for (int i = 0; i < 300; ++i) {
        Findings findings{.sightings = {}, .unknown = {}, .processes = dice.any(), .sockets = dice.any(), .mounts = dice.any(), .movers = dice.any()};
        for (auto n = dice.below(4); n > 0; --n) findings.sightings.push_back({static_cast<Trick>(dice.below(8)), dice.text(bytes, 30), dice.text(bytes, 30)});
        for (auto n = dice.below(3); n > 0; --n) findings.unknown.push_back({dice.text(bytes, 9), dice.text(bytes, 30)});
        const auto text = print_findings(findings);
        auto read = parse_findings(text);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->sightings, findings.sightings);
        EXPECT_EQ(read->unknown, findings.unknown);
        EXPECT_EQ(print_findings(*read), text);
        (void)parse_findings(dice.damage(text));
    }
}

TEST(Testimony, what_is_written_piece_by_piece_is_understood_whole) {
    sys::ScratchDir scratch;
    auto file = sys::open_at(scratch.dir(), "t", O_RDWR | O_CREAT, 0600).value();
    Testimony testimony(file);
    model::Settings settings;
    settings.volumes = {"/srv/a b"};
    settings.nesting = true;
    ASSERT_TRUE(testimony.add(Expected::of(settings)));
    EXPECT_TRUE(testimony.has_room_for(1 << 20));
    EXPECT_FALSE(testimony.has_room_for(kLargestTestimony));
    for (int pid = 1; pid <= 40; ++pid) {  // more than is kept before it is written
        ASSERT_TRUE(testimony.add(Piece::task, std::to_string(pid), fmt::format("Name:\tx\nNSpid:\t{0}\t{0}\n", pid)));
        ASSERT_TRUE(testimony.add(Piece::maps, std::to_string(pid), std::string(100'000, '\n')));
    }
    EXPECT_FALSE(look_into(scratch.read("t"))) << "what has no end is not read";
    ASSERT_TRUE(testimony.finish());
    auto found = look_into(sys::read_file(scratch.dir(), "t", 8 << 20).value());
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->processes, 40U);
}

TEST(Story, ports_of_every_spelling) {
    struct Case { const char* line; Ports ports; };
    for (const auto& [line, ports] : {Case{"tcp   LISTEN 0      511          0.0.0.0:80        0.0.0.0:*    users:((\"nginx\",pid=1,fd=5))", {"tcp 80"}},
                                      Case{"tcp   LISTEN 0      128             [::]:22           [::]:*", {"tcp 22"}}, Case{"tcp LISTEN 0 128 *:443 *:*", {"tcp 443"}},
                                      Case{"tcp        0      0 127.0.0.1:631           0.0.0.0:*               LISTEN", {"tcp 631"}}, Case{"tcp6       0      0 :::22   :::*   LISTEN", {"tcp 22"}},
                                      Case{"udp6  0 0 fe80::1:546 :::*", {"udp 546"}}, Case{"udp   UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:*", {"udp 53"}},
                                      Case{"tcp LISTEN 0 1 a:b a:*", {}}, Case{"tcp LISTEN 0 1 :: :*", {}}, Case{"tcp LISTEN", {}}, Case{"tcp", {}}, Case{"", {}}, Case{"LISTEN tcp 1:22", {}},
                                      Case{"tcp LISTEN 0 1 0.0.0.0:99999999999999999999 x", {}}})
        EXPECT_EQ(parse_ports(line), ports) << line;
}

TEST(Story, a_heading_is_one_that_was_asked_for_and_names_before_it_are_nobodys) {
    EXPECT_EQ(parse_names("stray\n/etc:\na\n/evil:\nb\n", {"/etc"}), (Names{{"/etc", {"a", "/evil:", "b"}}}));
    EXPECT_TRUE(parse_names("a\nb\n/none:\n", {"/etc"}).empty());
    EXPECT_EQ(parse_names("/etc:\n\n\n", {"/etc"}), (Names{{"/etc", {}}}));
    EXPECT_EQ(parse_names("/etc:\na\n\n/etc:\nb\n", {"/etc"}), (Names{{"/etc", {"a", "b"}}})) << "told twice";
}

TEST(Story, a_number_that_is_none_is_nobody) {
    EXPECT_EQ(parse_pids("-1\n+5\n0x10\n1.5\n 007\n2147483648\n2147483647\n", 0), (Pids{7, 2147483647}));
    EXPECT_TRUE(parse_pids("1 2\n", 5).empty());
}

TEST(Crossview, each_trick_has_a_name_of_its_own_and_one_of_them_is_only_a_hint) {
    std::set<std::string_view> names;
    for (unsigned trick = 0; trick < 8; ++trick) {
        names.insert(trick_name(static_cast<Trick>(trick)));
        EXPECT_EQ((Sighting{static_cast<Trick>(trick), {}, {}}.is_hint()), static_cast<Trick>(trick) == Trick::anonymous_code);
    }
    EXPECT_EQ(names.size(), 8U);
}

}  // namespace
}  // namespace vs::guard
