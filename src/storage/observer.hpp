#pragma once
// What a long build tells whoever asked for it, and how it is told to end.

#include <functional>
#include <string>

#include "sys/fd.hpp"

namespace vs::storage {

/// Both are optional; progress is called often.
struct Observer {
    std::function<void(const std::string& step)> progress;  ///< one line for people, without newline, escaped
    const sys::Fd* cancel = nullptr;                        ///< readable once the build is to end (sys::Interrupts)
};

void tell(const Observer& observer, std::string_view step);
/// Code::failed "interrupted" once `cancel` is readable.
Result<> check_cancelled(const Observer& observer);

}  // namespace vs::storage
