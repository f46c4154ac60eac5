#include "sys/random.hpp"

#include <sys/random.h>

#include "sys/call.hpp"

namespace vs::sys {

Result<std::string> random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    // Up to 256 bytes come whole and are not interrupted (getrandom(2)).
    if (::getrandom(bytes.data(), count, 0) != static_cast<ssize_t>(count)) return failed("getrandom {}", count);
    return bytes;
}

Result<std::string> random_hex(std::size_t count) {
    std::string out;
    for (char byte : TRY(random_bytes(count))) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return out;
}

}  // namespace vs::sys
