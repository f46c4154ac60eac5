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

}  // namespace vs::base
