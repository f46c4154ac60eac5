#include "model/address.hpp"

#include <gtest/gtest.h>

namespace vs::model {
namespace {

TEST(IpAddress, prints_the_one_canonical_spelling) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"2001:DB8::1", "2001:db8::1"},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
        {"fd00::", "fd00::"},
        {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
    };
    for (auto [given, canonical] : rows) EXPECT_EQ(IpAddress::parse(given).value().text(), canonical) << given;
}

TEST(IpAddress, bytes_are_in_network_order) {
    EXPECT_EQ(IpAddress::parse("1.2.3.4")->bytes(), "\x01\x02\x03\x04");
    EXPECT_EQ(IpAddress::parse("1.2.3.4")->family(), Family::ipv4);
    EXPECT_EQ(IpAddress::parse("2001:db8::1")->bytes().size(), 16U);
    EXPECT_EQ(IpAddress::parse("2001:db8::1")->bytes().substr(0, 4), "\x20\x01\x0d\xb8");
    EXPECT_EQ(IpAddress::parse("2001:db8::1")->family(), Family::ipv6);
}

TEST(IpAddress, equal_whatever_the_spelling) {
    EXPECT_EQ(*IpAddress::parse("2001:db8:0::1"), *IpAddress::parse("2001:DB8::0:1"));
    EXPECT_NE(*IpAddress::parse("1.2.3.4"), *IpAddress::parse("1.2.3.5"));
}

TEST(IpAddress, refuses_what_other_programs_read_otherwise) {
    const std::string_view bad[] = {"",           "1",          "1.2.3",      "1.2.3.4.5",     "1.2.3.256", "01.2.3.4", "0x1.2.3.4",
                                    " 1.2.3.4",   "1.2.3.4 ",   "1.2.3.4/24", "1.2.3.4\n",     "-1.2.3.4",  "localhost", ":",
                                    ":::",        "1::2::3",    "12345::",    "fe80::1%eth0",  "[::1]",     "2001:db8::/64",
                                    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "g::1"};
    for (auto text : bad) EXPECT_FALSE(IpAddress::parse(text)) << text;
    EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(IpAddress, says_why) {
    EXPECT_EQ(IpAddress::parse("1.2.3").error().message(), "'1.2.3' is not an IPv4 or IPv6 address");
    EXPECT_EQ(IpAddress::parse("::ffff:1.2.3.4").error().message(),
              "'::ffff:1.2.3.4' is an IPv4 address in IPv6 clothes: write it as IPv4");
    EXPECT_LT(IpAddress::parse(std::string(1 << 20, '1')).error().message().size(), 200U);
}

TEST(IpAddress, special_addresses_cannot_be_a_servers) {
    for (auto text : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "169.254.169.254", "224.0.0.1", "239.1.1.1",
                      "255.255.255.255", "::", "::1", "::1.2.3.4", "fe80::1", "febf::1", "ff02::1"})
        EXPECT_TRUE(IpAddress::parse(text)->is_special()) << text;
    for (auto text : {"1.2.3.4", "10.0.0.1", "192.168.1.1", "169.253.0.1", "128.0.0.1", "223.255.255.255", "2001:db8::1",
                      "fd00::1", "fec0::1", "fe00::1"})
        EXPECT_FALSE(IpAddress::parse(text)->is_special()) << text;
}

TEST(IpAddress, keeps_the_bits_of_a_network) {
    const auto network = [](const char* text, std::uint8_t prefix) { return IpAddress::parse(text)->network(prefix).text(); };
    EXPECT_EQ(network("192.0.2.255", 24), "192.0.2.0");
    EXPECT_EQ(network("192.0.2.255", 25), "192.0.2.128");
    EXPECT_EQ(network("192.0.2.255", 32), "192.0.2.255");
    EXPECT_EQ(network("192.0.2.255", 0), "0.0.0.0");
    EXPECT_EQ(network("2001:db8:ffff::7", 35), "2001:db8:e000::");
    EXPECT_EQ(network("2001:db8::7", 0), "::");
}

TEST(PortRedirect, reads_every_form) {
    auto any = PortRedirect::parse("8080:80").value();
    EXPECT_TRUE(any.any_host_address);
    EXPECT_EQ(any.host_port, 8080);
    EXPECT_EQ(any.server_port, 80);
    EXPECT_EQ(any.protocol, Protocol::tcp);

    auto v6 = PortRedirect::parse("[2001:db8::1]:53:5353/udp").value();
    EXPECT_FALSE(v6.any_host_address);
    EXPECT_EQ(v6.host_address.text(), "2001:db8::1");
    EXPECT_EQ(v6.host_port, 53);
    EXPECT_EQ(v6.server_port, 5353);
    EXPECT_EQ(v6.protocol, Protocol::udp);
}

TEST(PortRedirect, prints_what_it_reads) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"8080:80", "8080:80"},
        {"8080:80/tcp", "8080:80"},
        {"8080:80/udp", "8080:80/udp"},
        {"192.0.2.1:8080:80/tcp", "192.0.2.1:8080:80"},
        {"[2001:DB8::1]:1:65535", "[2001:db8::1]:1:65535"},
        {"127.0.0.1:1:1", "127.0.0.1:1:1"},
    };
    for (auto [given, printed] : rows) {
        auto redirect = PortRedirect::parse(given).value();
        EXPECT_EQ(redirect.text(), printed);
        EXPECT_EQ(PortRedirect::parse(redirect.text()).value(), redirect);
    }
}

TEST(NetworkAddress, reads_what_it_writes_and_nothing_else) {
    for (auto text : {"192.0.2.10/24", "192.0.2.10/32", "2001:db8::1/64"}) EXPECT_EQ(NetworkAddress::parse(text).value().text(), text);
    for (auto text : {"192.0.2.10", "192.0.2.10/", "192.0.2.10/0", "192.0.2.10/33", "192.0.2.10/24x", "/24", "2001:db8::1/129"})
        EXPECT_FALSE(NetworkAddress::parse(text)) << text;
}

TEST(PortRedirect, bad_input_gets_its_exact_message) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"", "port redirection '': use HOSTPORT:PORT"},
        {"80", "port redirection '80': use HOSTPORT:PORT"},
        {"0:80", "port redirection '0:80': '0' is not a port: use 1 to 65535"},
        {"80:65536", "port redirection '80:65536': '65536' is not a port: use 1 to 65535"},
        {"80:", "port redirection '80:': '' is not a port: use 1 to 65535"},
        {"80:80/sctp", "port redirection '80:80/sctp': 'sctp' is not a protocol: use tcp or udp"},
        {"80:80/", "port redirection '80:80/': '' is not a protocol: use tcp or udp"},
        {":80:80", "port redirection ':80:80': '' is not an IPv4 or IPv6 address"},
        {"[]:80:80", "port redirection '[]:80:80': '' is not an IPv4 or IPv6 address"},
        {"[2001:db8::1:80:80", "port redirection '[2001:db8::1:80:80': its address has no end: use [ADDRESS]:HOSTPORT:PORT"},
        {"2001:db8::1:80:80", "port redirection '2001:db8::1:80:80': '2001' is not an IPv4 or IPv6 address"},
        {"[1.2.3.4]:80:80:80", "port redirection '[1.2.3.4]:80:80:80': '80:80' is not a port: use 1 to 65535"},
    };
    for (auto [given, message] : rows) {
        auto redirect = PortRedirect::parse(given);
        ASSERT_FALSE(redirect) << given;
        EXPECT_EQ(redirect.error().code, Code::usage);
        EXPECT_EQ(redirect.error().message(), message);
    }
}

}  // namespace
}  // namespace vs::model
