#include "model/settings.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "model/settings_keys.hpp"

namespace vs::model {
namespace {

// A file that is right, to which a test adds what it is about.
constexpr std::string_view kGood = "image = \"debian\"\nnetwork.kind = \"none\"\n";

std::string error_of(std::string_view text) {
    auto settings = parse_settings(text, "f");
    return settings ? "no error" : settings.error().message();
}

/// The message for a file whose third line is `line`.
std::string error_of_line(std::string_view line) { return error_of(std::string(kGood) + std::string(line) + "\n"); }

Settings settings_of(std::string_view line) { return parse_settings(std::string(kGood) + std::string(line), "f").value(); }

TEST(Settings, the_smallest_file_leaves_every_default) {
    auto settings = settings_of("");
    EXPECT_EQ(settings.image, "debian");
    EXPECT_EQ(settings.network.kind, NetworkKind::none);
    EXPECT_EQ(settings.init, InitKind::automatic);
    EXPECT_EQ(settings.capabilities, CapabilitySet::guest_default());
    EXPECT_EQ(settings.limits.processes, 1000U);
    EXPECT_FALSE(settings.limits.memory);
    EXPECT_TRUE(settings.user_namespaces);
    EXPECT_FALSE(settings.secluded);
    EXPECT_FALSE(settings.nesting);
    EXPECT_FALSE(settings.firewall);
    EXPECT_EQ(settings.stop_timeout, std::chrono::seconds(90));
}

TEST(Settings, reads_the_top_and_the_network) {
    auto settings = parse_settings(R"(
image = "debian-12"
hostname = "www"
domain = "example.org"
init = "guest"
capabilities = ["!net_raw", "!CAP_SYS_CHROOT"]
volumes = ["/var/lib/postgresql"]
nice = -5
userns = false
private = true
nesting = true
firewall = true
hooks = "/etc/vservers/hooks/www"
stop_timeout = "5m"
hook_timeout = 10
[network]
kind = "private"
addresses = ["192.0.2.10", "2001:db8::10"]
ports = ["8080:80", "[2001:db8::1]:53:53/udp"]
nameservers = ["192.0.2.53"]
uplink = "eth0"
)", "f").value();
    EXPECT_EQ(settings.image, "debian-12");
    EXPECT_EQ(settings.host_name, "www");
    EXPECT_EQ(settings.domain_name, "example.org");
    EXPECT_EQ(settings.init, InitKind::guest);
    EXPECT_EQ((CapabilitySet::from_bits(CapabilitySet::guest_default().bits() ^ settings.capabilities.bits()).names()),
              (std::vector<std::string>{"net_raw", "sys_chroot"}));
    EXPECT_EQ(settings.volumes, std::vector<std::string>{"/var/lib/postgresql"});
    EXPECT_EQ(settings.nice, -5);
    EXPECT_FALSE(settings.user_namespaces);
    EXPECT_TRUE(settings.secluded);
    EXPECT_TRUE(settings.nesting);
    EXPECT_TRUE(settings.firewall);
    EXPECT_EQ(settings.hooks, "/etc/vservers/hooks/www");
    EXPECT_EQ(settings.stop_timeout, std::chrono::minutes(5));
    EXPECT_EQ(settings.hook_timeout, std::chrono::seconds(10));
    EXPECT_EQ(settings.network.addresses.at(1).text(), "2001:db8::10");
    EXPECT_EQ(settings.network.ports.at(1).text(), "[2001:db8::1]:53:53/udp");
    EXPECT_EQ(settings.network.nameservers.at(0).text(), "192.0.2.53");
    EXPECT_EQ(settings.network.uplink, "eth0");
    EXPECT_EQ(settings.network.view, NetworkView::own);
}

TEST(Settings, reads_what_a_server_is_shown_of_the_hosts_network) {
    const auto of = [](const char* view) {
        return parse_settings(fmt::format("image = \"i\"\n[network]\nkind = \"bind\"\naddresses = [\"192.0.2.10\"]\nview = \"{}\"\n", view), "f");
    };
    EXPECT_EQ(of("host").value().network.view, NetworkView::host);
    EXPECT_EQ(of("own").value().network.view, NetworkView::own);
    EXPECT_FALSE(of("none"));
}

TEST(Settings, reads_limits_mounts_and_services) {
    auto settings = settings_of(R"(
[limits]
memory = "512M"
processes = 0
cpu_weight = 50
cpu_cap = "150%"
[ulimits]
nofile = "1024:4096"
core = 0
memlock = "64K:unlimited"
stack = "unlimited"
[[mount]]
from = "/srv/data"
to = "/data"
mode = "rw"
owner = "www-data"
[[service]]
name = "web"
command = ["/usr/sbin/nginx", "-g", "daemon off;"]
user = "www-data"
restart = false
)");
    EXPECT_EQ(settings.limits.memory, 512ULL << 20);
    EXPECT_EQ(settings.limits.processes, 0U);
    EXPECT_EQ(settings.limits.cpu_weight, 50U);
    EXPECT_EQ(settings.limits.cpu_percent, 150U);
    EXPECT_EQ(settings.ulimits.at("nofile").soft, 1024U);
    EXPECT_EQ(settings.ulimits.at("nofile").hard, 4096U);
    EXPECT_EQ(settings.ulimits.at("core").hard, 0U);
    EXPECT_EQ(settings.ulimits.at("memlock").soft, 65536U);
    EXPECT_FALSE(settings.ulimits.at("memlock").hard);
    EXPECT_FALSE(settings.ulimits.at("stack").soft);
    EXPECT_EQ(settings.mounts.at(0).to, "/data");
    EXPECT_TRUE(settings.mounts.at(0).writable);
    EXPECT_EQ(settings.mounts.at(0).owner, "www-data");
    EXPECT_EQ(settings.services.at(0).command.at(2), "daemon off;");
    EXPECT_FALSE(settings.services.at(0).restart);
}

TEST(Settings, a_list_of_names_is_all_that_is_kept) {
    EXPECT_EQ(settings_of("capabilities = [\"chown\", \"NET_RAW\"]").capabilities.names(),
              (std::vector<std::string>{"chown", "net_raw"}));
    EXPECT_TRUE(settings_of("capabilities = []").capabilities.names().empty());
}

struct Row {
    std::string_view line;
    std::string_view message;
};

TEST(Settings, unknown_keys_get_their_exact_message) {
    const Row rows[] = {
        {"hostnam = \"x\"", "f:3: unknown key 'hostnam'; did you mean 'hostname'?"},
        {"zzzzzzzz = 1", "f:3: unknown key 'zzzzzzzz'"},
        {"memory = \"1G\"", "f:3: unknown key 'memory'; it belongs in [limits]"},
        {"from = \"/x\"", "f:3: unknown key 'from'; it belongs in [[mount]]"},
        {"limits.nice = 1", "f:3: unknown key 'nice'; it belongs above the first [section]"},
        {"limits.memry = 1", "f:3: unknown key 'memry'; did you mean 'memory'?"},
        {"limits.cpu_cap.x = 1", "f:3: limits.cpu_cap: is a table, not text in quotes"},
        {"ulimits.nofiles = 1", "f:3: unknown key 'nofiles'; did you mean 'nofile'?"},
        {"[netwerk]", "f:3: unknown key 'netwerk'; did you mean 'network'?"},
        {"[[mounts]]", "f:3: unknown key 'mounts'; did you mean 'mount'?"},
        {"[[mount]]\nform = \"/x\"", "f:4: unknown key 'form'; did you mean 'from'?"},
        {"\"x.nice\" = 1", "f:3: unknown key 'x.nice'; did you mean 'nice'?"},
        {"\"\\u001b[31m\" = 1", "f:3: unknown key '\\x1b[31m'"},
    };
    for (auto [line, message] : rows) EXPECT_EQ(error_of_line(line), message);
}

TEST(Settings, wrong_types_get_their_exact_message) {
    const Row rows[] = {
        {"hostname = 1", "f:3: hostname: is a whole number, not text in quotes"},
        {"nice = \"1\"", "f:3: nice: is text in quotes, not a whole number"},
        {"nice = 1.5", "f:3: nice: is a date, time or fraction, not a whole number"},
        {"userns = \"yes\"", "f:3: userns: is text in quotes, not true or false"},
        {"volumes = \"/x\"", "f:3: volumes: is text in quotes, not a list"},
        {"volumes = [\n\"/x\",\n1]", "f:5: volumes: is a whole number, not text in quotes"},
        {"limits = 1", "f:3: limits: is a whole number, not a table"},
        {"ulimits = []", "f:3: ulimits: is a list, not a table"},
        {"[mount]\nfrom = \"/x\"", "f:3: mount: is a table, not a list"},
        {"mount = [1]", "f:3: mount: is a whole number, not a table"},
        {"hostname = \"a\\u0000b\"", "f:3: hostname: contains a NUL character"},
        {"volumes = [\"/a\\u0000b\"]", "f:3: volumes: contains a NUL character"},
    };
    for (auto [line, message] : rows) EXPECT_EQ(error_of_line(line), message);
}

TEST(Settings, bad_values_get_their_exact_message) {
    const Row rows[] = {
        {"init = \"systemd\"", "f:3: init: 'systemd' is not \"auto\" or \"guest\" or \"services\""},
        {"capabilities = [\"all\"]", "f:3: capabilities: 'all' is not a capability; did you mean 'kill'?"},
        {"capabilities = [\"!net_rwa\"]", "f:3: capabilities: 'net_rwa' is not a capability; did you mean 'net_raw'?"},
        {"capabilities = [\"chown\",\n\"!kill\"]",
         "f:4: capabilities: mixes names to keep with names to remove (\"!name\"): a list is one or the other"},
        {"nice = 3000000000", "f:3: nice: 3000000000 is out of range"},
        {"stop_timeout = \"soon\"", "f:3: stop_timeout: 'soon' is not a duration: use seconds, or a number with ms, s, m or h"},
        {"stop_timeout = -1", "f:3: stop_timeout: '-1' is not a duration: use seconds, or a number with ms, s, m or h"},
        {"network.addresses = [\n \"192.0.2.1\",\n \"192.0.2\"]",
         "f:5: network.addresses: '192.0.2' is not an IPv4 or IPv6 address"},
        {"network.ports = [\"80\"]", "f:3: network.ports: port redirection '80': use HOSTPORT:PORT"},
        {"limits.memory = \"1.5G\"", "f:3: limits.memory: '1.5G' is not a size: use bytes, or a number with K, M, G or T"},
        {"limits.memory = -1", "f:3: limits.memory: -1 is out of range"},
        {"limits.processes = -1", "f:3: limits.processes: -1 is out of range"},
        {"limits.cpu_weight = 4294967296", "f:3: limits.cpu_weight: 4294967296 is out of range"},
        {"limits.cpu_cap = \"150\"", "f:3: limits.cpu_cap: '150' is not a share of processors: \"100%\" is one of them"},
        {"limits.cpu_cap = \"\"", "f:3: limits.cpu_cap: '' is not a share of processors: \"100%\" is one of them"},
        {"ulimits.nofile = \"1:2:3\"",
         "f:3: ulimits.nofile: '2:3' is not a limit: use \"SOFT:HARD\", \"BOTH\" or \"unlimited\""},
        {"ulimits.nofile = \":1\"", "f:3: ulimits.nofile: '' is not a limit: use \"SOFT:HARD\", \"BOTH\" or \"unlimited\""},
        {"[[mount]]\nmode = \"wr\"", "f:4: mount.mode: 'wr' is not \"ro\" or \"rw\""},
    };
    for (auto [line, message] : rows) EXPECT_EQ(error_of_line(line), message);
    EXPECT_EQ(error_of("network.kind = \"bridge\""),
              "f:1: network.kind: 'bridge' is not \"private\" or \"none\" or \"host\" or \"bind\"");
}

// What the check finds is said with the line of the very element, or of the nearest thing that is there.
TEST(Settings, impossible_combinations_get_their_exact_message) {
    const Row rows[] = {
        {"nice = 20", "f:3: nice: must be from -20 to 19"},
        {"volumes = [\"/a\",\n\"/b\",\n\"/a\"]", "f:5: volumes: '/a' is there twice"},
        {"[[mount]]\nfrom = \"/a\"\nto = \"/a\"\n[[mount]]\nfrom = \"/b\"\nto = \"b\"",
         "f:8: mount.to: 'b' must be absolute, without '.', '..', doubled or final slashes"},
        {"[[mount]]\n\nfrom = \"/a\"", "f:3: mount.to: is missing"},
        {"network.addresses = [\"192.0.2.1\"]", "f:3: network.addresses: needs network.kind = \"private\""},
    };
    for (auto [line, message] : rows) EXPECT_EQ(error_of_line(line), message);
    EXPECT_EQ(error_of(""), "f:1: image: is missing: say which image is below its root");
    EXPECT_EQ(error_of("image = \"x\"\n[network]\nuplink = \"eth0\""),
              "f:2: network.addresses: a private network needs at least one address; network.kind = \"none\" is a server "
              "without network");
}

TEST(Settings, a_flood_is_quoted_in_part) {
    auto flood = std::string(60000, 'x');
    for (const auto& line : {"hostname = \"" + flood + "\"", flood + " = 1", "limits.memory = \"" + flood + "\"",
                             "volumes = [\"" + flood + "\"]", "network.addresses = [\"" + flood + "\"]", "init = \"" + flood + "\"",
                             "ulimits.core = \"" + flood + "\"", "capabilities = [\"" + flood + "\"]"})
        EXPECT_LT(error_of_line(line).size(), 300U) << line.substr(0, 20);
}

TEST(Settings, every_error_is_one_of_usage) {
    EXPECT_EQ(parse_settings("x", "f").error().code, Code::usage);
    EXPECT_EQ(parse_settings("x = 1", "f").error().code, Code::usage);
    EXPECT_EQ(parse_settings("nice = 1.5", "f").error().code, Code::usage);
    EXPECT_EQ(parse_settings("", "f").error().code, Code::usage);
}

TEST(Settings, ulimit_names_cover_every_resource_once) {
    std::vector<int> numbers;
    for (const auto& row : ulimit_names()) numbers.push_back(row.resource);
    std::sort(numbers.begin(), numbers.end());
    for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], static_cast<int>(i));
}

}  // namespace
}  // namespace vs::model
