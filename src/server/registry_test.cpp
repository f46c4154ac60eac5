#include "server/registry.hpp"

#include <gtest/gtest.h>

#include "model/paths.hpp"
#include "server/build.hpp"
#include "server/run_state.hpp"
#include "storage/image.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/tree.hpp"

namespace vs::server {
namespace {

namespace paths = model::paths;

model::ServerName name(std::string_view text) { return model::ServerName::parse(text).value(); }

void write(const std::string& path, std::string_view text) {
    auto slash = path.rfind('/');
    ASSERT_TRUE(sys::make_dirs(path.substr(0, slash), 0755));
    auto dir = sys::open_dir(sys::kHere, path.substr(0, slash)).value();
    ASSERT_TRUE(sys::replace_file(dir, path.substr(slash + 1), text, 0644, sys::Durability::volatile_));
}

constexpr std::string_view kSettings = "image = \"debian-1\"\n[network]\naddresses = [\"192.0.2.7\"]\n";
constexpr std::string_view kRecord = R"({"number": 7, "uuid": "u", "image": "debian-1", "created": "2026-01-02T03:04:05Z"})";

void add_settings(const std::string& server, std::string_view text = kSettings) { write(fmt::format("{}/{}.toml", paths::kSettings, server), text); }
void add_files(const std::string& server) { write(fmt::format("{}/{}/record.json", paths::kServers, server), kRecord); }
void add_state(const std::string& server) {
    RunState state;
    state.network.kind = model::NetworkKind::none;
    ASSERT_TRUE(RunDir::open(name(server)).value().write(state));
}

std::vector<std::string> texts(const std::vector<model::ServerName>& names) {
    std::vector<std::string> found;
    for (const auto& each : names) found.push_back(each.text());
    return found;
}
using Texts = std::vector<std::string>;

TEST(Registry, a_machine_without_any_has_no_servers) {
    sys::on_empty_machine([] {
        auto store = storage::Store::open().value();
        EXPECT_TRUE(list_names().value().empty());
        EXPECT_FALSE(find_name("web").value());
        auto missing = load_server(store, "web");
        ASSERT_FALSE(missing);
        EXPECT_EQ(missing.error().code, Code::no_such_server);
        EXPECT_EQ(missing.error().message(), "there is no server 'web'");
    });
}

TEST(Registry, a_server_is_its_settings_file_and_no_other_file_is_one) {
    sys::on_empty_machine([] {
        add_settings("web");
        add_settings("Mail");
        for (const char* file : {"web.toml~", ".web.toml.new", "grants.toml.bak", "a b.toml", "-x.toml", ".toml", "notes"})
            write(fmt::format("{}/{}", paths::kSettings, file), kSettings);
        EXPECT_EQ(texts(list_names().value()), (Texts{"Mail", "web"}));
    });
}

TEST(Registry, a_name_is_found_in_whatever_letters_and_told_as_it_is_spelled) {
    sys::on_empty_machine([] {
        add_settings("Mail");
        EXPECT_EQ(find_name("mAIL").value()->text(), "Mail");
        EXPECT_FALSE(find_name("../Mail").value()) << "what is no name is no server";
        EXPECT_FALSE(find_name("").value());
    });
}

TEST(Registry, what_runs_without_settings_is_listed_and_can_be_stopped) {
    sys::on_empty_machine([] {
        add_settings("web");
        add_state("Lost");
        add_state("WEB");  // the same server, were it ever written so
        EXPECT_EQ(texts(list_names().value()), (Texts{"Lost", "web"}));
        EXPECT_FALSE(find_name("lost").value());
        EXPECT_EQ(find_listed("lost").value()->text(), "Lost");
        EXPECT_EQ(find_listed("web").value()->text(), "web") << "settings come first";
        EXPECT_FALSE(find_listed("other").value());
        ASSERT_TRUE(sys::make_dirs(paths::kRun + "/idle", 0700));
        EXPECT_FALSE(find_listed("idle").value()) << "a directory without a state is nobody";
    });
}

TEST(Registry, a_name_that_is_nearly_one_is_asked_back) {
    sys::on_empty_machine([] {
        auto store = storage::Store::open().value();
        add_settings("webmail");
        auto missing = load_server(store, "webmial");
        ASSERT_FALSE(missing);
        EXPECT_EQ(missing.error().message(), "there is no server 'webmial'; did you mean 'webmail'?");
    });
}

TEST(Registry, a_server_is_loaded_with_what_settings_and_record_say) {
    sys::on_empty_machine([] {
        auto store = storage::Store::open().value();
        add_settings("Web_1");
        add_files("Web_1");
        auto server = load_server(store, "WEB_1").value();
        EXPECT_EQ(server.name.text(), "Web_1");
        EXPECT_EQ(server.record.number.value, 7U);
        EXPECT_EQ(server.settings.host_name, server.name.host_name()) << "where its settings say none";
    });
}

TEST(Registry, half_a_server_is_an_error_that_says_which_half_is_missing) {
    sys::on_empty_machine([] {
        auto store = storage::Store::open().value();
        add_settings("web");
        auto files = load_server(store, "web");
        ASSERT_FALSE(files);
        EXPECT_EQ(files.error().message(), "'web' has settings but no files: bring back /var/lib/vservers/servers/web, or delete it");

        add_files("lost");
        auto settings = load_server(store, "lost");
        ASSERT_FALSE(settings);
        EXPECT_EQ(settings.error().message(), "'lost' has files but no settings: bring back /etc/vservers/lost.toml, or delete it");
        EXPECT_EQ(find_with_remains(store, "lost").value().text(), "lost");

        add_files("half");
        write(paths::kServers + "/half/incomplete", "");
        auto half = load_server(store, "half");
        ASSERT_FALSE(half);
        EXPECT_EQ(half.error().code, Code::no_such_server);
        EXPECT_NE(half.error().message().find("vserver repair"), std::string::npos);
    });
}

TEST(Registry, wrong_settings_are_told_with_file_and_line_and_the_server_stays_listed) {
    sys::on_empty_machine([] {
        auto store = storage::Store::open().value();
        add_settings("web", "image = \"debian-1\"\nadresses = []\n");
        add_files("web");
        auto wrong = load_server(store, "web");
        ASSERT_FALSE(wrong);
        EXPECT_EQ(wrong.error().code, Code::usage);
        EXPECT_NE(wrong.error().message().find("/etc/vservers/web.toml:2"), std::string::npos) << wrong.error().message();
        EXPECT_EQ(texts(list_names().value()), Texts{"web"});
    });
}

/// A store with an image that servers can be built on.
struct Machine {
    Machine() {
        auto staging = storage::Staging::make(store, "x").value();
        EXPECT_TRUE(sys::make_dirs(staging.path() + "/tree/etc", 0755));
        storage::ImageRecord record;
        record.kind = "tar";
        record.key = "k";
        image = storage::publish_image(store, staging, record).value().id;
    }
    Result<storage::ServerRecord> build(const std::string& server) {
        model::Settings settings;
        settings.image = image;
        settings.host_name = "h";
        settings.network.addresses = {model::IpAddress::parse("192.0.2.7").value()};
        return build_server(store, {.name = name(server), .settings = settings});
    }
    /// As repair() is where nothing has been started since the machine came up.
    Result<std::vector<std::string>> repair_after_reboot() {
        EXPECT_TRUE(sys::remove_tree(sys::open_dir(sys::kHere, "/run").value(), "vservers"));
        return repair(store);
    }

    storage::Store store = storage::Store::open().value();
    std::string image;
};

TEST(Build, makes_a_whole_server_that_is_found_by_its_name) {
    sys::on_empty_machine([] {
        Machine machine;
        auto record = machine.build("web").value();
        auto server = load_server(machine.store, "WEB").value();
        EXPECT_EQ(server.record.uuid, record.uuid);
        EXPECT_EQ(server.settings.image, machine.image);
        EXPECT_EQ(storage::server_left(machine.store, name("web")).value(), storage::ServerLeft::whole);
        EXPECT_TRUE(machine.repair_after_reboot().value().empty()) << "there is nothing to repair";
    });
}

TEST(Build, a_name_that_is_taken_in_other_letters_is_refused_and_nothing_is_left_of_the_try) {
    sys::on_empty_machine([] {
        Machine machine;
        ASSERT_TRUE(machine.build("web"));
        auto again = machine.build("Web");
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().code, Code::busy);
        EXPECT_EQ(again.error().message(), "there is a server 'web' already");
        EXPECT_FALSE(sys::exists(sys::kHere, paths::kRun + "/Web").value());
        EXPECT_TRUE(load_server(machine.store, "web"));
    });
}

TEST(Build, files_that_have_lost_their_settings_are_not_built_over) {
    sys::on_empty_machine([] {
        Machine machine;
        ASSERT_TRUE(machine.build("web"));
        ASSERT_TRUE(sys::remove_file(sys::kHere, settings_path(name("web"))));
        auto again = machine.build("web");
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().code, Code::no_such_server);
        EXPECT_TRUE(storage::read_server(machine.store, name("web"))) << "they are somebody's";
        EXPECT_EQ(machine.repair_after_reboot().value(),
                  Texts{"web: 'web' has files but no settings: bring back /etc/vservers/web.toml, or delete it"});
        EXPECT_TRUE(storage::read_server(machine.store, name("web"))) << "repair leaves them too";
    });
}

TEST(Build, one_that_fails_leaves_nothing) {
    sys::on_empty_machine([] {
        Machine machine;
        machine.image = "tar-000000000000";
        ASSERT_FALSE(machine.build("web"));
        EXPECT_TRUE(sys::list_dir(machine.store.servers()).value().empty());
        EXPECT_TRUE(sys::list_dir(sys::open_dir(sys::kHere, paths::kSettings).value()).value().empty());
        EXPECT_FALSE(sys::exists(sys::kHere, paths::kRun + "/web").value());
    });
}

TEST(Build, what_a_killed_build_has_left_is_replaced_by_the_next_one) {
    sys::on_empty_machine([] {
        Machine machine;
        ASSERT_TRUE(machine.build("web"));
        ASSERT_TRUE(storage::condemn_server(machine.store, name("web")));
        ASSERT_TRUE(sys::remove_file(sys::kHere, settings_path(name("web"))));
        write(paths::kLogs + "/web/segment", "of the one before");
        ASSERT_TRUE(machine.build("web"));
        EXPECT_TRUE(load_server(machine.store, "web"));
        EXPECT_FALSE(sys::exists(sys::kHere, paths::kLogs + "/web").value()) << "a new server has no old log";
    });
}

}  // namespace
}  // namespace vs::server
