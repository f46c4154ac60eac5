#include "model/service_table.hpp"

#include <gtest/gtest.h>

#include <string>

#include "model/service_table_writer.hpp"

namespace vs::model {
namespace {

using namespace std::chrono_literals;

Service web() { return {.name = "web", .command = {"/usr/sbin/nginx", "-g", "daemon off;"}, .user = "www-data", .restart = true}; }
Service once() { return {.name = "once", .command = {"/bin/true"}, .user = "1000", .restart = false}; }

std::vector<std::string> words(const ServiceEntry& service) {
    std::vector<std::string> out;
    Argv argv = argv_of(service);
    for (const char* const* word = argv.data(); *word != nullptr; ++word) out.emplace_back(*word);
    return out;
}

TEST(ServiceTable, comes_back_as_it_was_written) {
    auto bytes = write_service_table({web(), once()}, 2500ms);
    ASSERT_TRUE(bytes.has_value());

    auto table = read_service_table(*bytes);
    ASSERT_TRUE(table.has_value());
    EXPECT_EQ(table->stop_grace, 2500ms);
    ASSERT_EQ(table->services().size(), 2U);
    EXPECT_EQ(table->slots[0].name, "web");
    EXPECT_EQ(table->slots[0].user, "www-data");
    EXPECT_TRUE(table->slots[0].restart);
    EXPECT_EQ(words(table->slots[0]), web().command);
    EXPECT_EQ(table->slots[1].user, "1000");
    EXPECT_FALSE(table->slots[1].restart);
    EXPECT_EQ(words(table->slots[1]), once().command);
}

TEST(ServiceTable, may_be_empty) {
    auto bytes = write_service_table({}, 10s);

    auto table = read_service_table(*bytes);
    ASSERT_TRUE(table.has_value());
    EXPECT_TRUE(table->services().empty());
}

TEST(ServiceTable, keeps_empty_arguments_and_as_many_as_allowed) {
    Service service = web();
    service.command.assign(kMostArguments, "");
    service.command[0] = "/bin/echo";
    auto bytes = write_service_table({service}, 10s);
    ASSERT_TRUE(bytes.has_value());

    EXPECT_EQ(words(read_service_table(*bytes)->slots[0]), service.command);
}

TEST(ServiceTable, fills_every_slot) {
    std::vector<Service> services(kMostServices, web());

    auto table = read_service_table(*write_service_table(services, 10s));
    ASSERT_TRUE(table.has_value());
    EXPECT_EQ(table->services().size(), kMostServices);
}

TEST(ServiceTable, is_not_written_when_it_could_not_be_read) {
    auto refused = [](Service service) { return !write_service_table({service}, 10s).has_value(); };
    auto with = [](auto change) {
        Service service = web();
        change(service);
        return service;
    };
    EXPECT_TRUE(refused(with([](Service& s) { s.command.clear(); })));
    EXPECT_TRUE(refused(with([](Service& s) { s.command[0].clear(); })));
    EXPECT_TRUE(refused(with([](Service& s) { s.command.resize(kMostArguments + 1); })));
    EXPECT_TRUE(refused(with([](Service& s) { s.command[1] = std::string("a\0b", 3); })));
    EXPECT_TRUE(refused(with([](Service& s) { s.command[1].assign(kMostTableBytes, 'x'); })));
    EXPECT_TRUE(refused(with([](Service& s) { s.name.clear(); })));
    EXPECT_TRUE(refused(with([](Service& s) { s.name = "two words"; })));
    EXPECT_TRUE(refused(with([](Service& s) { s.name = "\x1b]0;title"; })));
    EXPECT_TRUE(refused(with([](Service& s) { s.name.assign(kLongestServiceWord + 1, 'n'); })));
    EXPECT_TRUE(refused(with([](Service& s) { s.user.clear(); })));
    EXPECT_TRUE(refused(with([](Service& s) { s.user = std::string("r\0t", 3); })));
    EXPECT_FALSE(write_service_table(std::vector<Service>(kMostServices + 1, web()), 10s).has_value());
}

TEST(ServiceTable, is_refused_when_cut_or_continued) {
    std::string bytes = *write_service_table({web(), once()}, 10s);
    for (std::size_t length = 0; length < bytes.size(); ++length)
        EXPECT_FALSE(read_service_table(std::string_view(bytes).substr(0, length)).has_value()) << length;
    EXPECT_FALSE(read_service_table(bytes + '\0').has_value());
}

TEST(ServiceTable, survives_every_changed_byte) {
    const std::string bytes = *write_service_table({web(), once()}, 10s);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (int change : {0x01, 0x80, 0xff}) {
            std::string changed = bytes;
            changed[at] = static_cast<char>(changed[at] ^ change);
            auto table = read_service_table(changed);
            if (!table) continue;
            for (const auto& service : table->services()) EXPECT_FALSE(words(service).empty());
        }
    }
}

TEST(ServiceTable, refuses_a_number_of_services_that_is_not_there) {
    std::string bytes = *write_service_table({}, 10s);
    bytes[8] = 65;
    EXPECT_FALSE(read_service_table(bytes).has_value());
    bytes.replace(8, 4, "\xff\xff\xff\xff");
    EXPECT_FALSE(read_service_table(bytes).has_value());
}

}  // namespace
}  // namespace vs::model
