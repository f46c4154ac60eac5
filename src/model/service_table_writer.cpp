#include "model/service_table_writer.hpp"

#include <algorithm>
#include <limits>

#include "model/service_table.hpp"

namespace vs::model {

namespace {

void append_number(std::string& out, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xff);
}

void append_field(std::string& out, const std::vector<std::string>& words) {
    std::string bytes;
    for (const auto& word : words) bytes.append(word).push_back('\0');
    append_number(out, static_cast<std::uint32_t>(bytes.size()));
    out += bytes;
}

Result<> check(const Service& service) {
    auto has_nul = [](const std::string& word) { return word.find('\0') != std::string::npos; };
    if (service.command.empty() || service.command[0].empty())
        return fail(Code::usage, "service '{}' has no command", service.name);
    if (service.command.size() > kMostArguments)
        return fail(Code::usage, "the command of service '{}' has more than {} words", service.name, kMostArguments);
    if (std::any_of(service.command.begin(), service.command.end(), has_nul))
        return fail(Code::usage, "the command of service '{}' has a NUL byte in it", service.name);
    return {};
}

}  // namespace

Result<std::string> write_service_table(const std::vector<Service>& services, std::chrono::milliseconds stop_grace) {
    if (services.size() > kMostServices) return fail(Code::usage, "more than {} services", kMostServices);
    constexpr auto kMost = std::chrono::milliseconds(std::numeric_limits<std::uint32_t>::max());
    std::string out(kServiceTableMagic);
    append_number(out, static_cast<std::uint32_t>(std::clamp(stop_grace, {}, kMost).count()));
    append_number(out, static_cast<std::uint32_t>(services.size()));
    for (const auto& service : services) {
        TRY(check(service));
        append_field(out, {service.name});
        append_field(out, {service.user});
        out += static_cast<char>(service.restart);
        append_field(out, service.command);
    }
    if (out.size() > kMostTableBytes) return fail(Code::usage, "the services' commands are longer than {} bytes", kMostTableBytes);
    if (!read_service_table(out))
        return fail(Code::usage, "a service's name or user is not 1 to {} printable characters", kLongestServiceWord);
    return out;
}

}  // namespace vs::model
