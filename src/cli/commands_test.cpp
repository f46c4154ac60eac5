// Every command as it is typed, on a machine with a server, a broken one and a lost one: its exit status, and its one sentence.

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/run.hpp"
#include "model/paths.hpp"
#include "model/settings.hpp"
#include "sys/file.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/user_namespace.hpp"

namespace vs::cli {
namespace {

namespace paths = model::paths;
using nlohmann::json;

void write(const std::string& path, std::string_view text) {
    auto slash = path.rfind('/');
    ASSERT_TRUE(sys::make_dirs(path.substr(0, slash), 0755));
    auto dir = sys::open_dir(sys::kHere, path.substr(0, slash)).value();
    ASSERT_TRUE(sys::replace_file(dir, path.substr(slash + 1), text, 0644, sys::Durability::volatile_));
}

/// The servers web, broken (its settings are wrong) and lost (it has none).
void on_machine(const std::function<void()>& body) {
    sys::on_empty_machine([&] {
        constexpr std::string_view kRecord = R"({"number": 7, "uuid": "u", "image": "debian-1", "created": "2026-01-02T03:04:05Z"})";
        write(paths::kSettings + "/web.toml", "image = \"debian-1\"\n[network]\naddresses = [\"192.0.2.7\"]\n");
        write(paths::kSettings + "/broken.toml", "image = \"debian-1\"\nadresses = []\n");
        for (const char* server : {"web", "broken", "lost"}) write(fmt::format("{}/{}/record.json", paths::kServers, server), kRecord);
        body();
    });
}

struct Said {
    int status = 0;
    std::string out, err;
};
Said say(std::string_view line) {
    std::vector<std::string> words;
    for (auto word : base::split(line, ' '))
        if (!word.empty()) words.emplace_back(word);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = run_vserver(words);
    (void)std::fflush(stdout);
    return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

struct Refusal {
    const char* line;
    int status;
    const char* sentence;  ///< what it begins with, behind "vserver: "
};
constexpr Refusal kRefusals[] = {
    {"nobody status", 5, "there is no server 'nobody'"},
    {"wbe status", 5, "there is no server 'wbe'; did you mean 'web'?"},
    {"nobody config", 5, "there is no server 'nobody'"},
    {"broken config", 2, "/etc/vservers/broken.toml:2: unknown key 'adresses'"},
    {"lost config", 5, "'lost' has files but no settings: bring back /etc/vservers/lost.toml, or delete it"},
    {"nobody check", 5, "there is no server 'nobody'"},
    {"broken check", 2, "/etc/vservers/broken.toml:2: "},
    {"nobody files", 5, "there is no server 'nobody'"},
    {"web mount relative", 2, "'relative' is not an absolute path"},
    {"web umount relative", 2, "'relative' is not an absolute path"},
    {"web umount", 1, "'web' is not mounted"},
    {"nobody umount", 5, "there is no server 'nobody'"},
    {"images remove", 2, "say which image: vserver images remove ID..."},
    {"images nonsense", 2, "unexpected 'nonsense': vserver images "},
    {"images list extra", 2, "unexpected 'extra': vserver images "},
    {"images remove debian-1", 1, "there is no image 'debian-1'"},
    {"web logs", 1, "'web' has no log yet: it was never started"},
    {"nobody logs", 5, "there is no server 'nobody'"},
    {"logs", 2, "say whose logs, or 'init': "},
    {"logs forward 192.0.2.1:1", 2, "say whose logs, or 'init': "},
    {"logs witness file", 2, "say with --key which machine is trusted: 'vserver logs init' shows its key there"},
    {"logs witness file --key nonsense", 2, "'nonsense' is no verification key"},
    {"web logs nonsense", 2, "say whose logs, or 'init': "},
    {"web scan --budget lots", 2, "--budget: 'lots' is no size; say 512M or 2G"},
    {"broken scan", 2, "/etc/vservers/broken.toml:2: "},
    {"web accept relative", 2, "'relative' is not an absolute path without a slash at its end"},
    {"web accept /etc/", 2, "'/etc/' is not an absolute path without a slash at its end"},
    {"nobody accept", 5, "there is no server 'nobody'"},
    {"guard nonsense", 2, "unexpected 'nonsense': vserver guard watch | status"},
    {"guard watch --budget lots", 2, "--budget: 'lots' is no size"},
    {"secure-host plan", 2, "say which server gets the devices: vserver secure-host plan NAME; or that they stay: vserver secure-host plan --behind-rules"},
    {"secure-host apply", 2, "say which server gets the devices: vserver secure-host apply NAME; or that they stay: vserver secure-host apply --behind-rules"},
    {"secure-host plan nobody", 5, "there is no server 'nobody'"},
    {"secure-host undo extra", 2, "'extra' is too much: vserver secure-host "},
    {"secure-host nonsense", 2, "unexpected 'nonsense': vserver secure-host "},
    {"secure-host prove --wire /none", 1, "open '/none': No such file or directory"},
    {"shield hide", 2, "say what: vserver shield hide on, off or status"},
    {"shield hide sideways", 2, "say what: vserver shield hide on, off or status"},
    {"shield hide off --dry-run", 2, "--dry-run is for 'hide on'"},
    {"shield on extra", 2, "'extra' is too much: vserver shield on"},
    {"shield on --yes", 2, "--dry-run and --yes are for 'hide on'"},
    {"shield sideways", 2, "'sideways' is none of: on, off, status, hide"},
    {"host-service nginx", 2, "which addresses? Give at least one with --ip, or --undo"},
    {"host-service nginx --undo --ip 192.0.2.1", 2, "--undo goes alone"},
    {"host-service nginx --undo --dry-run", 2, "--undo goes alone"},
    {"host-service no-such-unit --ip 192.0.2.1", 2, "this host has no unit 'no-such-unit.service'"},
    {"host-service vservers --undo", 4, "'vservers.service' is a unit of ours"},
    {"host-service ssh.socket --undo", 2, "'ssh.socket' is no service"},
    {"doctor --grant reducecap --revoke reducecap", 2, "--grant and --revoke exclude each other"},
    {"doctor --grant chbind", 2, "'chbind' gets no grant: only reducecap does"},
    {"doctor --revoke vps", 2, "'vps' gets no grant: only reducecap does"},
    {"web build --from host --address 192.0.2.9", 7, "there is a server 'web' already: give this one another name, or delete it (vserver web delete)"},
    {"WEB build -n --from host --address 192.0.2.9", 7, "there is a server 'web' already"},
    {"new build --from host", 2, "a server needs an address of its own"},
    {"new build --image none --network none", 1, "cannot build 'new': there is no such image ('vserver images' lists them)"},
    {"new build --image ../x --network none", 2, "these options do not go together: image: "},
    {"nobody delete -y", 5, "there is no server 'nobody'"},
    {"web stop --timeout soon", 2, "--timeout: 'soon' is not a time such as 30s or 5m"},
    {"nobody start", 5, "there is no server 'nobody'"},
    {"nobody stop", 5, "there is no server 'nobody'"},
    {"nobody restart", 5, "there is no server 'nobody'"},
    {"lost start", 5, "'lost' has files but no settings"},
    {"web exec -w relative ls", 125, "--directory: 'relative' is not an absolute path"},
    {"web exec -e nothing ls", 125, "--environment: 'nothing' is not KEY=VALUE"},
    {"web exec -e =x ls", 125, "--environment: '=x' is not KEY=VALUE"},
    {"web exec -t -T ls", 125, "-t and -T exclude each other"},
    {"nobody exec ls", 125, "there is no server 'nobody'"},
    {"nobody suexec joe ls", 125, "there is no server 'nobody'"},
    {"nobody enter", 125, "there is no server 'nobody'"},
    {"web exec --nonsense ls", 125, "'exec' has no option '--nonsense'"},
    {"web passwd -x", 2, "'passwd' has no option '-x'"},
    {"nobody passwd", 5, "there is no server 'nobody'"},
    {"--nonsense", 2, "say what to do: "},
    {"nonsense", 2, "there is no verb 'nonsense'; "},
};

TEST(Command, what_cannot_be_done_is_one_sentence_and_an_exit_status) {
    on_machine([] {
        for (const auto& refusal : kRefusals) {
            const auto said = say(refusal.line);
            EXPECT_EQ(said.status, refusal.status) << refusal.line << ": " << said.err;
            EXPECT_TRUE(said.err.starts_with(fmt::format("vserver: {}", refusal.sentence))) << refusal.line << ": " << said.err;
            EXPECT_EQ(std::ranges::count(said.err, '\n'), 1) << refusal.line << ": " << said.err;
            EXPECT_EQ(said.out, "") << refusal.line;
        }
        EXPECT_FALSE(sys::exists(sys::kHere, "/etc/systemd").value()) << "and nothing is done";
        EXPECT_FALSE(sys::exists(sys::kHere, paths::kRun + "/nobody").value());
    });
}

TEST(Command, who_asks_for_a_document_gets_one_of_a_failure_too) {
    on_machine([] {
        for (const auto& [line, code] : {std::pair("nobody config --json", "no_such_server"), std::pair("broken config --json", "usage"), std::pair("lost files --json", "no_such_server"),
                                         std::pair("guard nonsense --json", "usage"), std::pair("secure-host plan nobody --json", "no_such_server")}) {
            const auto said = say(line);
            auto document = json::parse(said.out, nullptr, false);
            ASSERT_TRUE(document.is_object()) << line << ": " << said.out;
            EXPECT_EQ(document["error"]["code"], code) << line;
            EXPECT_EQ(fmt::format("vserver: {}\n", document["error"]["message"].get<std::string>()), said.err);
        }
    });
}

TEST(Command, lists_and_states_have_a_document_with_every_server_and_every_error) {
    on_machine([] {
        auto list = json::parse(say("list --json").out);
        ASSERT_EQ(list["servers"].size(), 2U);
        EXPECT_EQ(list["servers"][0]["name"], "broken");
        EXPECT_NE(list["servers"][0]["problem"].get<std::string>().find("broken.toml:2"), std::string::npos);
        EXPECT_EQ(list["servers"][1]["name"], "web");
        EXPECT_EQ(list["servers"][1]["state"], "stopped");
        EXPECT_EQ(list["servers"][1]["context"], 107);
        auto status = say("status web nobody --json");
        EXPECT_EQ(status.status, 5) << "what was worse";
        auto document = json::parse(status.out);
        EXPECT_EQ(document["servers"].size(), 1U);
        EXPECT_EQ(document["errors"][0]["code"], "no_such_server");
        auto check = json::parse(say("check web broken --json").out);
        EXPECT_EQ(check["servers"][0]["name"], "web");
        EXPECT_EQ(check["servers"][0]["good"], false) << "its image is not there";
        EXPECT_EQ(check["errors"][0]["code"], "usage");
    });
}

TEST(Command, a_server_that_does_not_run_is_three_as_the_lsb_has_it) {
    on_machine([] {
        EXPECT_EQ(say("web status").status, 3);
        auto running = say("web running");
        EXPECT_EQ(running.status, 3);
        EXPECT_EQ(running.out, "web: stopped\n");
        EXPECT_EQ(running.err, "");
        EXPECT_EQ(say("status --running").status, 0) << "none is chosen, so none is stopped";
        EXPECT_EQ(say("list").status, 0);
        EXPECT_NE(say("list").out.find("broken"), std::string::npos);
    });
}

TEST(Command, settings_are_printed_as_they_can_be_written_and_as_a_document) {
    on_machine([] {
        EXPECT_TRUE(model::parse_settings(say("web config").out, "f"));
        EXPECT_EQ(json::parse(say("WEB config --json").out)["name"], "web");
        auto files = json::parse(say("web files --json").out)["files"];
        EXPECT_NE(std::ranges::find(files, "/etc/vservers/web.toml"), files.end());
        EXPECT_NE(say("web files").out.find("/var/lib/vservers/servers/web\n"), std::string::npos);
    });
}

TEST(Command, what_would_be_done_is_said_and_not_done) {
    on_machine([] {
        auto build = say("new build -n --image debian-1 --address 192.0.2.9");
        EXPECT_EQ(build.status, 0);
        EXPECT_NE(build.out.find("settings: /etc/vservers/new.toml"), std::string::npos);
        EXPECT_FALSE(sys::exists(sys::kHere, "/etc/vservers/new.toml").value());
        auto deleted = say("web delete -n");
        EXPECT_EQ(deleted.out, "web: would be deleted, with its files, settings and console log\n");
        EXPECT_TRUE(sys::exists(sys::kHere, "/etc/vservers/web.toml").value());
    });
}

TEST(Command, what_is_done_to_several_is_told_of_each_and_the_worst_counts) {
    on_machine([] {
        auto several = say("delete -n web nobody lost");
        EXPECT_EQ(several.status, 5);
        EXPECT_EQ(several.out, "web: would be deleted, with its files, settings and console log\nlost: would be deleted, with its files, settings and console log\n");
        EXPECT_EQ(several.err, "vserver: there is no server 'nobody'\n");
    });
}

TEST(Command, the_guard_tells_what_it_told) {
    on_machine([] {
        auto quiet = json::parse(say("guard status --json").out, nullptr, false);
        ASSERT_TRUE(quiet.is_object());
        write(paths::kRun + "/.guard/alerts", R"([{"when": "T", "server": "web", "kind": "file", "sentence": "a\u001b[2Jb", "who": "x"}])");
        EXPECT_EQ(say("guard status").out.find('\x1b'), std::string::npos) << "what a guest chose moves no cursor";
        EXPECT_NE(say("guard status").out.find("web"), std::string::npos);
    });
}

TEST(Command, images_are_listed_and_damaged_ones_told) {
    on_machine([] {
        EXPECT_EQ(say("images").out, "IMAGE  SIZE  CREATED  SERVERS  SOURCE\n");
        write(paths::kImages + "/bad-1/image.json", "{");
        auto damaged = say("images --json");
        EXPECT_EQ(damaged.status, 1);
        auto document = json::parse(damaged.out);
        EXPECT_TRUE(document["images"].empty());
        EXPECT_NE(document["errors"][0]["message"].get<std::string>().find("bad-1"), std::string::npos);
    });
}

TEST(Command, who_is_not_root_may_read_the_help_and_nothing_else) {
    on_machine([] {
        ASSERT_TRUE(sys::become(4001, 4001));
        for (const char* line : {"list", "web start", "web exec ls", "doctor", "secure-host prove", "web logs"}) {
            const auto said = say(line);
            EXPECT_EQ(said.status, std::string_view(line) == "web exec ls" ? 125 : 4) << line;
            EXPECT_EQ(said.err, "vserver: only root may do this; try 'sudo vserver'\n") << line;
        }
        for (const char* line : {"--help", "-h", "help", "--version", "--complete", "start --help", "web exec --help"}) {
            const auto said = say(line);
            EXPECT_EQ(said.status, 0) << line;
            EXPECT_NE(said.out, "") << line;
            EXPECT_EQ(said.err, "") << line;
        }
    });
}

TEST(Command, the_keepers_word_is_taken_only_whole) {
    on_machine([] {
        for (const char* line : {"--init-ended", "--init-ended web", "--init-ended web 1", "--init-ended web x halt", "--init-ended web 4294967296 halt", "--init-ended ../x 1 halt", "--init-ended web 1 halt more"})
            EXPECT_EQ(say(line).status, 2) << line;
    });
}

TEST(Stat, takes_one_word_and_says_so) {
    on_machine([] {
        auto stat = [](const std::vector<std::string>& words) {
            testing::internal::CaptureStdout();
            testing::internal::CaptureStderr();
            const int status = run_stat(words);
            (void)std::fflush(stdout);
            return Said{status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
        };
        EXPECT_EQ(stat({"nonsense"}).err, "vserver: unexpected 'nonsense'; see 'vserver-stat --help'\n");
        EXPECT_EQ(stat({"nonsense"}).status, 2);
        EXPECT_EQ(stat({"--json", "x"}).status, 2);
        EXPECT_NE(stat({"--help"}).out.find("Usage: vserver-stat [--json]"), std::string::npos);
        EXPECT_EQ(json::parse(stat({"--json"}).out)["servers"], json::array()) << "none runs";
    });
}

}  // namespace
}  // namespace vs::cli
