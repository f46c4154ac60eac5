#include "guard/notify.hpp"

#include <gtest/gtest.h>

#include "model/paths.hpp"
#include "sys/file.hpp"
#include "sys/own_namespaces.hpp"

namespace vs::guard {
namespace {

const std::string kDirectory = model::paths::kRun + "/.guard";

TEST(Notifier, without_one_there_is_no_watch_and_no_alert) {
    sys::on_empty_machine([] {
        auto status = watch_status().value();
        EXPECT_FALSE(status.runs);
        EXPECT_TRUE(status.alerts.empty());
        EXPECT_EQ(sys::stat_at(sys::kHere, kDirectory)->st_mode & 07777, 0700U);
    });
}

TEST(Notifier, there_is_one_at_a_time_and_its_alerts_outlive_it) {
    sys::on_empty_machine([] {
        {
            auto notifier = Notifier::open("").value();
            EXPECT_EQ(Notifier::open("").error().code, Code::busy);
            EXPECT_TRUE(watch_status()->runs);
            notifier.send({"T", "", "overflow", "a \"sentence\" of \xff", "host pid 7"});
        }
        auto status = watch_status().value();
        EXPECT_FALSE(status.runs);
        ASSERT_EQ(status.alerts.size(), 1U);
        EXPECT_EQ(status.alerts[0].kind, "overflow");
        EXPECT_EQ(status.alerts[0].sentence, "a \"sentence\" of \xef\xbf\xbd") << "what is no text is replaced and stops nothing";
        EXPECT_EQ(status.alerts[0].who, "host pid 7");
    });
}

TEST(Notifier, a_command_gets_server_kind_and_sentence_as_words_and_its_failure_stops_nobody) {
    sys::on_empty_machine([] {
        ASSERT_TRUE(sys::replace_file(sys::open_dir(sys::kHere, "/run").value(), "command", "#!/bin/sh\nprintf '%s|' \"$@\" >>/run/told; exit 1\n", 0700, sys::Durability::volatile_));
        auto notifier = Notifier::open("/run/command").value();
        notifier.send({"T", "", "file", "$(touch /run/evil); a 'b'", "who"});
        notifier.send({"T", "", "port", "--help", ""});
        EXPECT_EQ(sys::read_file(sys::kHere, "/run/told").value(), "|file|$(touch /run/evil); a 'b'||port|--help|");
        EXPECT_FALSE(sys::exists(sys::kHere, "/run/evil").value());
        EXPECT_EQ(watch_status()->alerts.size(), 2U);
    });
}

TEST(Notifier, a_list_that_is_damaged_is_an_error_and_what_is_no_alert_in_it_is_none) {
    sys::on_empty_machine([] {
        ASSERT_TRUE(watch_status());
        auto dir = sys::open_dir(sys::kHere, kDirectory).value();
        for (const char* text : {"", "{}", "[", "7"}) {
            ASSERT_TRUE(sys::replace_file(dir, "alerts", text, 0600, sys::Durability::volatile_));
            EXPECT_FALSE(watch_status()) << text;
        }
        ASSERT_TRUE(sys::replace_file(dir, "alerts", R"([7, null, {"when": 7, "kind": "file"}])", 0600, sys::Durability::volatile_));
        auto alerts = watch_status()->alerts;
        ASSERT_EQ(alerts.size(), 1U);
        EXPECT_EQ(alerts[0].when, "");
        EXPECT_EQ(alerts[0].kind, "file");
    });
}

}  // namespace
}  // namespace vs::guard
