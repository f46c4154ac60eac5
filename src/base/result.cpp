#include "base/result.hpp"

#include "base/text.hpp"

namespace vs::base {

namespace {

struct CodeRow {
    Code code;
    int exit_status;
    std::string_view name;
};

// The published table of exit codes (vserver(8), EXIT STATUS).
constexpr CodeRow kCodes[] = {
    {Code::failed, 1, "failed"},         {Code::usage, 2, "usage"},
    {Code::not_running, 3, "not_running"}, {Code::denied, 4, "denied"},
    {Code::no_such_server, 5, "no_such_server"}, {Code::unsupported, 6, "unsupported"},
    {Code::busy, 7, "busy"},             {Code::timeout, 124, "timeout"},
};

const CodeRow& row(Code code) {
    for (const auto& candidate : kCodes)
        if (candidate.code == code) return candidate;
    return kCodes[0];
}

}  // namespace

int exit_status(Code code) { return row(code).exit_status; }

std::string_view code_name(Code code) { return row(code).name; }

std::string Error::message() const {
    std::string text;
    for (auto step = context.rbegin(); step != context.rend(); ++step) text += *step + ": ";
    return escape_control(text + cause);
}

std::string pack(const Error& error) { return fmt::format("{} {} {}", static_cast<int>(error.code), error.errno_value, error.message()); }

Error unpack(std::string_view text) {
    auto fields = split(text, ' ');
    auto code = fields.size() > 2 ? parse_number(fields[0]) : std::nullopt;
    auto errno_value = fields.size() > 2 ? parse_number(fields[1]) : std::nullopt;
    if (!code || *code > static_cast<std::uint64_t>(Code::timeout) || !errno_value)
        return Error{Code::failed, 0, "a process of ours ended without saying why", {}};
    auto cause = text.substr(fields[0].size() + fields[1].size() + 2);
    return Error{static_cast<Code>(*code), static_cast<int>(*errno_value), std::string(cause), {}};
}

}  // namespace vs::base
