#pragma once
// Errors are values. A function that can fail returns Result<T>; the caller hands a failure on with TRY, adds what it was
// doing with TRY_WITH, or handles it. Nothing of ours throws; running out of memory terminates.
//
//     Result<Fd> open_lock(const ServerName& name) {
//         auto dir = TRY_WITH(sys::open_dir(paths::kRun), "open the state directory");
//         return sys::open_at(dir, "lock", O_RDWR | O_CREAT, 0600);
//     }
//
// Threads: values, no shared state.

#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vs::base {

/// What kind of failure, as a program's exit code tells it (design: errors). The order is not the exit code.
enum class Code {
    failed,          ///< anything without a kind of its own
    usage,           ///< the command line or a settings file is wrong
    not_running,     ///< the server is not running and has to be
    denied,          ///< the caller may not do this
    no_such_server,  ///< no server has this name
    unsupported,     ///< this kernel or machine lacks what is needed
    busy,            ///< somebody else is at it, or it is already so
    timeout,         ///< a deadline passed
};

/// The exit status of a program that ends with an error of this kind.
int exit_status(Code code);
/// A stable word for JSON: "not_running".
std::string_view code_name(Code code);

/// A failure: its kind, the failing call with its arguments, and what was being done, outermost first.
struct Error {
    Code code = Code::failed;
    int errno_value = 0;               ///< 0 when no system call failed
    std::string cause;                 ///< "overlay on '/run/x': Device or resource busy (EBUSY)"
    std::vector<std::string> context;  ///< innermost first as it is added; message() turns it round

    /// One sentence: "start 'web1': mount its root: overlay on ...". Control characters are escaped.
    [[nodiscard]] std::string message() const;
};

/// An error as one string for another process of ours, and back. The context arrives as part of the cause.
std::string pack(const Error& error);
Error unpack(std::string_view text);

/// An error that no system call caused.
template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected<Error>(Error{code, 0, fmt::format(format, std::forward<Args>(args)...), {}});
}

template <typename T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
    using Base = std::expected<T, Error>;

  public:
    using Base::Base;
    Result(Base&& other) : Base(std::move(other)) {}
};

/// Adds what was being done to an error on its way up.
[[nodiscard]] inline Error with_context(Error error, std::string text) {
    error.context.push_back(std::move(text));
    return error;
}

}  // namespace vs::base

namespace vs {
using base::Code;
using base::Error;
using base::fail;
using base::Result;
}  // namespace vs

// TRY(expression): the value of a Result, or return its error from the enclosing function.
// TRY_WITH(expression, format, args...): the same, with what was being done added; formatted only on failure.
#define VS_TRY_NAME_(counter) vs_try_##counter
#define VS_TRY_(name, handler, ...)                                               \
    __extension__({                                                               \
        auto name = (__VA_ARGS__);                                                \
        if (!name.has_value()) [[unlikely]] return std::unexpected<vs::Error>(handler(std::move(name).error())); \
        std::move(name).value();                                                  \
    })
#define VS_TRY_COUNTED_(counter, handler, ...) VS_TRY_(VS_TRY_NAME_(counter), handler, __VA_ARGS__)
#define VS_TRY_EXPAND_(counter, handler, ...) VS_TRY_COUNTED_(counter, handler, __VA_ARGS__)
#define VS_TRY_SAME_(error) (error)
#define TRY(...) VS_TRY_EXPAND_(__COUNTER__, VS_TRY_SAME_, __VA_ARGS__)
#define TRY_WITH(expression, ...)                                                 \
    VS_TRY_EXPAND_(__COUNTER__,                                                   \
        [&](vs::Error vs_error) { return vs::base::with_context(std::move(vs_error), fmt::format(__VA_ARGS__)); }, expression)
