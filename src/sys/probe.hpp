#pragma once
// Asking from within the network of a namespace who answers there. Single-threaded: the process visits that namespace for a moment.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

/// True where somebody takes the connection: at a TCP port of an address, at an abstract name.
Result<bool> tcp_answers(FdRef network, const std::string& address, std::uint16_t port);
Result<bool> abstract_answers(FdRef network, const std::string& name);

/// A question that any answer answers: a connection as well as a refusal, or a report that the address cannot be reached.
struct Probe {
    enum class Kind : std::uint8_t { tcp, udp, echo } kind = Kind::tcp;
    std::string address;
    std::uint16_t port = 0;  ///< not of an echo
};
/// "udp 192.0.2.1:53"
std::string probe_text(const Probe& probe);
/// Those that were answered in time. What the network has no way for is not asked.
Result<std::vector<Probe>> answered(FdRef network, const std::vector<Probe>& probes, std::chrono::milliseconds patience);

}  // namespace vs::sys
