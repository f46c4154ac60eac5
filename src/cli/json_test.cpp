#include "cli/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/fixture.hpp"

namespace vs::cli {
namespace {

using nlohmann::json;

std::vector<std::string> keys(const json& object) {
    std::vector<std::string> names;
    for (const auto& [key, value] : object.items()) names.push_back(key);
    return names;
}

TEST(Json, an_error_has_code_and_message) {
    auto document = json::parse(json_error({Code::no_such_server, 0, "there is no server 'x'", {}}));

    EXPECT_EQ(document, json::parse(R"({"error": {"code": "no_such_server", "message": "there is no server 'x'"}})"));
}

TEST(Json, servers_and_errors_stand_beside_each_other) {
    auto document = json::parse(json_servers({}, {{Code::no_such_server, 0, "no", {}}}));

    EXPECT_EQ(document["servers"], json::array());
    EXPECT_EQ(document["errors"][0]["code"], "no_such_server");
}

TEST(Json, a_running_server_is_shown_whole) {
    auto server = json::parse(json_servers({running_server()}, {}))["servers"][0];

    EXPECT_EQ(server["name"], "web1");
    EXPECT_EQ(server["state"], "running");
    EXPECT_EQ(server["context"], 103);
    EXPECT_EQ(server["network"]["addresses"], json::array({"192.0.2.7"}));
    EXPECT_EQ(server["limits"]["processes"], 1000);
    EXPECT_EQ(server["limits"]["memory_bytes"], nullptr);
    EXPECT_EQ(server["run"]["init_pid"], 4711);
    EXPECT_EQ(server["usage"]["memory_bytes"], 512 << 20);
    EXPECT_EQ(server["usage"]["cpu_microseconds"], 61'230'000);
    EXPECT_EQ(server["problem"], nullptr);
}

TEST(Json, every_server_has_the_same_names_whatever_is_known_of_it) {
    auto document = json::parse(json_servers({running_server(), broken_server()}, {}));

    EXPECT_EQ(keys(document["servers"][0]), keys(document["servers"][1]));
    EXPECT_EQ(document["servers"][1]["problem"], "old.toml:3: no");
    EXPECT_EQ(document["servers"][1]["context"], nullptr);
    EXPECT_EQ(document["servers"][1]["run"], nullptr);
}

TEST(Json, settings_are_complete) {
    auto document = json::parse(json_settings(running_server().name, *running_server().settings));

    EXPECT_EQ(document["name"], "web1");
    EXPECT_EQ(document["settings"]["image"], "debian-bookworm-1");
    EXPECT_EQ(document["settings"]["network"]["kind"], "private");
    EXPECT_EQ(document["settings"]["init"], "auto");
    EXPECT_EQ(document["settings"]["services"], json::array());
    EXPECT_EQ(document["settings"]["stop_timeout_ms"], 90'000);
}

TEST(Json, devices_of_its_own_are_among_the_settings) {
    auto settings = *running_server().settings;
    settings.devices = {{"eth1", {model::NetworkAddress::parse("192.0.2.10/24").value()}, {model::IpAddress::parse("192.0.2.1").value()}}};
    auto document = json::parse(json_settings(running_server().name, settings))["settings"];
    EXPECT_EQ(document["devices"], json::parse(R"([{"name": "eth1", "addresses": ["192.0.2.10/24"], "gateways": ["192.0.2.1"]}])"));
}

/// A text of a guest's in every place that holds one: the document stays one, and says it as it is.
TEST(Json, what_a_guest_chose_breaks_no_document) {
    for (const std::string& text : {std::string("a\"b\\c"), std::string("\x1b[2J\n"), std::string("\xff\xfe"), std::string("\0x", 2)}) {
        auto server = running_server();
        server.run->init_path = server.last_end = server.problem = server.restart = text;
        auto document = json::parse(json_servers({server}, {{Code::failed, 0, text, {text}}}), nullptr, false);
        ASSERT_TRUE(document.is_object());
        EXPECT_EQ(document["servers"].size(), 1U);
        EXPECT_EQ(document["errors"].size(), 1U);
        ASSERT_TRUE(json::parse(json_findings(Examination{"", {{server::Grade::bad, text, text, text}}}), nullptr, false).is_object());
        ASSERT_TRUE(json::parse(json_files(server.name, {text}), nullptr, false).is_object());
        ASSERT_TRUE(json::parse(json_hiding({true, {text}, {{text}, {text}, {{7, text, text}}}}), nullptr, false).is_object());
    }
}

TEST(Json, images_say_who_stands_on_them) {
    storage::ImageRecord image;
    image.id = "debian-1";
    image.os_name = "caf\xe9";  // not UTF-8
    auto document = json::parse(json_images({{image, {"web1", "web2"}}}, {Error{Code::failed, 0, "broken", {}}}));
    EXPECT_EQ(document["errors"][0]["message"], "broken");

    EXPECT_EQ(document["images"][0]["servers"], json::array({"web1", "web2"}));
    EXPECT_EQ(document["images"][0]["os"], "caf\xef\xbf\xbd");
    EXPECT_EQ(document["images"][0]["suite"], nullptr);
}

TEST(Json, findings_of_a_machine_and_of_servers) {
    Examination good{"", {{server::Grade::good, "kernel", "Linux 6.1", ""}, {server::Grade::notice, "disk", "little", "more"}}};
    Examination bad{"web1", {{server::Grade::bad, "image", "gone", ""}}};

    auto machine = json::parse(json_findings(good));
    auto servers = json::parse(json_findings({bad}, {}));

    EXPECT_EQ(machine["good"], true);
    EXPECT_EQ(machine["findings"][1], json::parse(R"({"grade": "notice", "subject": "disk", "text": "little", "remedy": "more"})"));
    EXPECT_EQ(servers["servers"][0]["name"], "web1");
    EXPECT_EQ(servers["servers"][0]["good"], false);
}

TEST(Json, files_are_a_list) {
    auto document = json::parse(json_files(running_server().name, {"/a", "/b"}));

    EXPECT_EQ(document, json::parse(R"({"name": "web1", "files": ["/a", "/b"]})"));
}

TEST(Json, a_shield_that_is_down_has_no_door) {
    EXPECT_EQ(json::parse(json_shield({})), json::parse(R"({"shield": false, "door": null, "hidden": false})"));
    EXPECT_EQ(json::parse(json_shield({.up = true, .is_door = true, .hidden = true})), json::parse(R"({"shield": true, "door": true, "hidden": true})"));
}

}  // namespace
}  // namespace vs::cli
