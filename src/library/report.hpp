#pragma once
// From Result to what the public header promises: a negative errno, and the sentence kept for vserver_message().
// Also how a structure of the caller's is taken over, whatever version of the header it was compiled with.

#include <vserver/vserver.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "base/result.hpp"

namespace vs::library {

/// Which exit status tells a failure, as shells have it.
enum class Status : int { ours = 125, cannot_execute = 126, not_found = 127 };

/// Remembers the error for this thread; returns its negative errno, or the one that stands for its kind.
int report(const Error& error, Status status = Status::ours);

/// 0 or what report() gives.
template <typename T>
int report(const Result<T>& result) {
    return result ? 0 : report(result.error());
}

/// Copies a structure whose first member is its size. Code::usage where it is null or too small to have one, and where it
/// has something set that this library does not know: a wish is never left out in silence.
template <typename T>
Result<T> take(const T* given) {
    T ours{};
    if (given == nullptr || given->size < sizeof(std::size_t)) return fail(Code::usage, "a structure without its size");
    const auto* bytes = reinterpret_cast<const unsigned char*>(given);
    for (std::size_t at = sizeof(T); at < given->size; ++at)
        if (bytes[at] != 0) return std::unexpected<Error>(Error{Code::unsupported, E2BIG, "a structure of a newer libvserver", {}});
    std::memcpy(&ours, given, given->size < sizeof(T) ? given->size : sizeof(T));
    return ours;
}

/// Fills a structure of the caller's, as far as it goes. Precondition: `into->size` has been checked by take().
template <typename T>
void give(const T& ours, T* into) {
    const std::size_t size = into->size < sizeof(T) ? into->size : sizeof(T);
    std::memcpy(into, &ours, size);
    into->size = size;
}

}  // namespace vs::library
