#include "cli/build_plan.hpp"

#include <gtest/gtest.h>

namespace vs::cli {
namespace {

bool none(const std::string&) { return false; }

Result<BuildPlan> planned(std::vector<std::string> words) {
    words.insert(words.begin(), {"build", "web_1"});
    return plan_build(TRY(parse(words, none)));
}

TEST(BuildPlan, an_image_with_the_usual_settings) {
    auto plan = planned({"--image", "debian-1", "--address", "192.0.2.1"}).value();

    EXPECT_EQ(plan.name.text(), "web_1");
    EXPECT_EQ(plan.settings.image, "debian-1");
    EXPECT_EQ(plan.settings.host_name, "web-1") << "a host name has no underscore";
    EXPECT_EQ(plan.settings.network.kind, model::NetworkKind::private_);
    EXPECT_EQ(plan.settings.limits.processes, 1000U);
    EXPECT_FALSE(plan.source);
}

TEST(BuildPlan, every_option_reaches_the_settings) {
    auto plan = planned({"--from", "host", "--packages", "nginx,redis", "--packages", "cron", "--address", "192.0.2.1", "--address", "2001:db8::1",
                         "--hostname", "www", "--domain", "example.org", "--nameserver", "192.0.2.53", "--port", "8080:80", "--memory", "512M",
                         "--processes", "0", "--init", "guest"})
                    .value();

    ASSERT_TRUE(plan.source);
    EXPECT_EQ(std::get<storage::HostSource>(*plan.source).packages, (std::vector<std::string>{"nginx", "redis", "cron"}));
    EXPECT_EQ(plan.settings.network.addresses.size(), 2U);
    EXPECT_EQ(plan.settings.network.nameservers.size(), 1U);
    EXPECT_EQ(plan.settings.network.ports.size(), 1U);
    EXPECT_EQ(plan.settings.host_name, "www");
    EXPECT_EQ(plan.settings.domain_name, "example.org");
    EXPECT_EQ(plan.settings.limits.memory, 512ULL << 20);
    EXPECT_EQ(plan.settings.limits.processes, 0U);
    EXPECT_EQ(plan.settings.init, model::InitKind::guest);
}

struct Wrong {
    std::vector<std::string> words;
    const char* beginning;
};

class WrongBuild : public testing::TestWithParam<Wrong> {};

TEST_P(WrongBuild, is_refused_with_the_option_to_blame) {
    auto plan = planned(GetParam().words);

    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().code, Code::usage);
    EXPECT_TRUE(plan.error().message().starts_with(GetParam().beginning)) << plan.error().message();
}

const Wrong kWrong[] = {
    {{}, "say what to build it from: --from host, --from debian, --from FILE.tar, or --image ID"},
    {{"--from", "host", "--image", "x"}, "say what to build it from"},
    {{"--image", "x", "--packages", "nginx"}, "--packages needs --from: an image is as it is"},
    {{"--from", "host"}, "a server needs an address of its own: say --address ADDRESS, or --network none"},
    {{"--from", "nonsense", "--network", "none"}, "--from: "},
    {{"--from", "host", "--address", "300.1.1.1"}, "--address: "},
    {{"--from", "host", "--address", "127.0.0.1"}, "these options do not go together: network.addresses"},
    {{"--from", "host", "--network", "bridge"}, "--network: 'bridge' is not what it takes: private (the default), bind, none or host"},
    {{"--from", "host", "--network", "host", "--address", "192.0.2.1"}, "these options do not go together: "},
    {{"--from", "host", "--network", "none", "--memory", "lots"}, "--memory: 'lots' is not what it takes"},
    {{"--from", "host", "--network", "none", "--processes", "-1"}, "--processes: '-1' is not what it takes"},
    {{"--from", "host", "--port", "80"}, "--port: "},
    {{"--from", "host", "--network", "none", "--hostname", "a.b"}, "these options do not go together: hostname: "},
    {{"--image", "../x", "--network", "none"}, "these options do not go together: image: "},
};
INSTANTIATE_TEST_SUITE_P(BuildPlan, WrongBuild, testing::ValuesIn(kWrong));

}  // namespace
}  // namespace vs::cli
