// log-tool: makes and reads logs without a server, for tests and benches.
//
//     log-tool make DIR UID                      an empty log, owned by UID; prints its key in hexadecimal digits
//     log-tool write DIR COUNT SEED BYTES        adds COUNT records as a recorder does, some of them at random lengths, with a
//                                                checkpoint after every few, in segments of BYTES; what it writes depends on SEED
//     log-tool end DIR BYTES                     what a recorder does whose server has ended
//     log-tool text DIR                          what was written on the console, as it was
//     log-tool holes DIR                         the same, with a question mark for each byte that a gap tells of
//     log-tool count DIR                         records
//     log-tool list DIR                          one line for each record that a server wrote: SOURCE PID UID FLAG TEXT, escaped
//     log-tool lost DIR                          bytes that gaps tell of
//     log-tool lost-records DIR                  records that they tell of
//     log-tool verify DIR KEY                    one line for each finding, and 1, or "good SEALED" and 0
//     log-tool verify-all KEY DIR...             the same for each: "DIR: first finding" or "DIR: good SEALED"; always 0
//     log-tool note SERVER TEXT                  says it in the log of a server of this host
//     log-tool flood DIR COUNT                   COUNT records of 200 bytes; prints records per second

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "log/machine.hpp"
#include "log/verify.hpp"
#include "programs/recorder/sealed_store.hpp"
#include "server/log_note.hpp"
#include "sys/random.hpp"

namespace {

using namespace vs;

Result<int> make(const std::string& path, std::uint32_t uid) {
    auto directory = TRY(log::LogDirectory::open(path));
    auto bytes = TRY(sys::random_bytes(32));
    std::array<std::uint8_t, 32> raw;
    std::copy(bytes.begin(), bytes.end(), raw.begin());
    log::Seed seed(raw);
    TRY(log::make_log({"vserver/test/00", uid}, directory.descriptor(), seed));
    fmt::print("{}\n", log::NoteText().add_hex(seed.public_key()).text());
    return 0;
}

Result<log::PublicKey> parse_key(std::string_view digits) {
    log::PublicKey key{};
    if (digits.size() != 64) return fail(Code::usage, "a key has 64 digits");
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = static_cast<std::uint8_t>(std::stoul(std::string(digits.substr(2 * i, 2)), nullptr, 16));
    return key;
}

Result<int> write(const std::string& path, std::uint64_t count, std::uint64_t seed, std::uint64_t bytes) {
    auto directory = TRY(log::LogDirectory::open(path));
    std::mt19937_64 random(seed);
    recorder::SealedStore store(directory.descriptor().get(), {bytes, 1000}, {static_cast<std::uint8_t>(seed)});
    if (!store.open()) return fail(Code::failed, "the log cannot be gone on with");
    const auto often = 16 + count / 100;
    for (std::uint64_t i = 0; i < count; ++i) {
        store.append({.source = log::Source::console}, fmt::format("{:016x} {}\n", random(), std::string(random() % 100, 'x')));
        if (random() % often == 0) store.settle();
        if (random() % often == 0) store.heartbeat();
    }
    store.settle();
    return store.is_settled() ? 0 : 1;
}

Result<int> end(const std::string& path, std::uint64_t bytes) {
    auto directory = TRY(log::LogDirectory::open(path));
    recorder::SealedStore store(directory.descriptor().get(), {bytes, 1000}, {});
    if (!store.open()) return fail(Code::failed, "the log cannot be gone on with");
    store.end();
    return store.is_settled() ? 0 : 1;
}

template <typename Visit>
Result<> for_each_record(const std::string& path, Visit visit) {
    auto directory = TRY(log::LogDirectory::open(path));
    for (auto segment : TRY(directory.segments())) {
        auto file = TRY(directory.records(segment));
        std::string_view bytes(file);
        bytes.remove_prefix(std::min(bytes.size(), sizeof(log::SegmentHead)));
        while (auto record = log::read_record(bytes).record) {
            visit(*record);
            bytes.remove_prefix(*log::record_length(bytes));
        }
    }
    return {};
}

Result<int> text(const std::string& path) {
    TRY(for_each_record(path, [](const log::Record& record) {
        if (record.head.source == log::Source::console) std::fwrite(record.payload.data(), 1, record.payload.size(), stdout);
    }));
    return 0;
}

Result<int> holes(const std::string& path) {
    TRY(for_each_record(path, [](const log::Record& record) {
        auto gap = record.head.kind == log::Kind::gap ? log::read_gap(record.payload) : std::nullopt;
        if (gap) fmt::print("{}", std::string(gap->bytes, '?'));
        else if (record.head.source == log::Source::console) std::fwrite(record.payload.data(), 1, record.payload.size(), stdout);
    }));
    return 0;
}

Result<int> count(const std::string& path) {
    std::uint64_t records = 0;
    TRY(for_each_record(path, [&](const log::Record&) { ++records; }));
    fmt::print("{}\n", records);
    return 0;
}

Result<int> list(const std::string& path) {
    TRY(for_each_record(path, [](const log::Record& record) {
        const auto& head = record.head;
        if (head.kind == log::Kind::text)
            fmt::print("{} {} {} {} {}\n", static_cast<int>(head.source), head.claimed_pid, head.claimed_uid, static_cast<int>(head.flag),
                       base::escape_control(record.payload));
    }));
    return 0;
}

Result<int> lost(const std::string& path, std::uint64_t log::Gap::*amount) {
    std::uint64_t sum = 0;
    TRY(for_each_record(path, [&](const log::Record& record) {
        if (record.head.kind != log::Kind::gap) return;
        if (auto gap = log::read_gap(record.payload)) sum += (*gap).*amount;
    }));
    fmt::print("{}\n", sum);
    return 0;
}

Result<int> verify(const std::string& path, const std::string& key) {
    auto directory = TRY(log::LogDirectory::open(path));
    auto verdict = TRY(log::verify(directory, TRY(parse_key(key))));
    for (const auto& finding : verdict.findings) fmt::print("{}\n", log::describe(finding));
    if (verdict.good()) fmt::print("good {}\n", verdict.sealed);
    return verdict.good() ? 0 : 1;
}

Result<int> verify_all(const std::vector<std::string>& words) {
    const auto key = TRY(parse_key(words[0]));
    for (std::size_t i = 1; i < words.size(); ++i) {
        auto verdict = log::verify(TRY(log::LogDirectory::open(words[i])), key);
        if (!verdict) fmt::print("{}: record 0: {}\n", words[i], verdict.error().message());
        else if (verdict->good()) fmt::print("{}: good {}\n", words[i], verdict->sealed);
        else fmt::print("{}: {}\n", words[i], log::describe(verdict->findings.front()));
    }
    return 0;
}

Result<int> flood(const std::string& path, std::uint64_t count) {
    auto directory = TRY(log::LogDirectory::open(path));
    recorder::SealedStore store(directory.descriptor().get(), {64 << 20, 1000}, {1});
    if (!store.open()) return fail(Code::failed, "the log cannot be gone on with");
    const std::string payload(200, 'x');
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < count; ++i) store.append({.source = log::Source::datagram}, payload);
    store.settle();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    fmt::print("{:.0f}\n", static_cast<double>(count) / took.count());
    return store.is_settled() ? 0 : 1;
}

Result<int> note(const std::string& server, const std::string& text) {
    TRY(server::note_in_log(TRY(model::ServerName::parse(server)), text));
    return 0;
}

Result<int> run(const std::vector<std::string>& words) {
    const std::string verb = words.empty() ? "" : words[0];
    auto number = [&](std::size_t i) { return base::parse_number(words[i]).value_or(0); };
    if (verb == "make" && words.size() == 3) return make(words[1], static_cast<std::uint32_t>(number(2)));
    if (verb == "write" && words.size() == 5) return write(words[1], number(2), number(3), number(4));
    if (verb == "end" && words.size() == 3) return end(words[1], number(2));
    if (verb == "text" && words.size() == 2) return text(words[1]);
    if (verb == "holes" && words.size() == 2) return holes(words[1]);
    if (verb == "count" && words.size() == 2) return count(words[1]);
    if (verb == "list" && words.size() == 2) return list(words[1]);
    if (verb == "lost" && words.size() == 2) return lost(words[1], &log::Gap::bytes);
    if (verb == "lost-records" && words.size() == 2) return lost(words[1], &log::Gap::records);
    if (verb == "verify" && words.size() == 3) return verify(words[1], words[2]);
    if (verb == "verify-all" && words.size() > 2) return verify_all({words.begin() + 1, words.end()});
    if (verb == "note" && words.size() == 3) return note(words[1], words[2]);
    if (verb == "flood" && words.size() == 3) return flood(words[1], number(2));
    return fail(Code::usage, "see the beginning of log_tool.cpp");
}

}  // namespace

int main(int argc, char** argv) {
    auto status = run({argv + 1, argv + argc});
    if (status) return *status;
    fmt::print(stderr, "log-tool: {}\n", status.error().message());
    return base::exit_status(status.error().code);
}
