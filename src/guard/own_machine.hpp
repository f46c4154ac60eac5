#pragma once
// A machine for a unit test of secure-host: its own network and processes, so that nothing of the real one is evidence.

#include <gtest/gtest.h>

#include <functional>

#include "server/plugged_device.hpp"
#include "storage/store.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/process.hpp"

namespace vs::guard {

inline void on_own_machine(const std::function<void(const storage::Store&)>& body) {
    sys::on_empty_machine(
        [&] {
            // Born in the new PID namespace, and so its first process.
            sys::in_own_namespaces(0, [&] {
                ASSERT_EQ(::mount("proc", "/proc", "proc", 0, nullptr), 0);
                auto store = storage::Store::open().value();
                auto socket = sys::NetlinkSocket::open(0).value();
                sys::MessageRow row;
                sys::set_up(row, 1, sys::Arp::on);
                ASSERT_TRUE(socket.run(row));
                body(store);
            });
        },
        CLONE_NEWNET | CLONE_NEWPID);
}

/// What an administrator of that machine does.
inline void shell(const std::string& command) {
    const auto run = sys::run_program({"sh", "-c", command}, {});
    ASSERT_TRUE(run) << command << ": " << run.error().message();
    ASSERT_TRUE(run->status.success()) << command << ": " << run->err;
}

}  // namespace vs::guard
