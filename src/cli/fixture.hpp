#pragma once
// Values for the tests of this room.

#include "server/query.hpp"

namespace vs::cli {

/// A server that runs, known in every part.
inline server::ServerStatus running_server() {
    auto name = model::ServerName::parse("web1").value();
    auto address = model::IpAddress::parse("192.0.2.7").value();
    server::ServerStatus status{.name = name, .condition = server::Condition::running, .record = {}, .settings = {}, .problem = {}, .run = {}, .usage = {}, .last_end = {}};
    status.record = storage::ServerRecord{name, {3}, "0a1b2c3d-0000-4000-8000-000000000000", "debian-bookworm-1", "2026-11-21T10:00:00Z"};
    status.settings.emplace();
    status.settings->image = "debian-bookworm-1";
    status.settings->host_name = "web1";
    status.settings->network.addresses = {address};
    status.run.emplace();
    status.run->number = {3};
    status.run->init = 4711;
    status.run->init_path = "/sbin/init";
    status.run->started = "2026-11-21T10:00:00Z";
    status.run->network.addresses = {address};
    status.usage = {512ULL << 20, 17, 61'230'000};
    return status;
}

/// One whose settings cannot be read.
inline server::ServerStatus broken_server() {
    auto name = model::ServerName::parse("old").value();
    return {.name = name, .condition = server::Condition::stopped, .record = {}, .settings = {}, .problem = "old.toml:3: no", .run = {}, .usage = {}, .last_end = {}};
}

}  // namespace vs::cli
