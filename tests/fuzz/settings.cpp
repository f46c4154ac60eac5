// A settings file. What is refused is refused in one short sentence that begins with the place; what is taken survives being
// printed and read again.

#include "model/settings.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vs::model;
    auto must = [](bool good) {
        if (!good) std::abort();
    };
    const auto name = ServerName::parse("web1").value();

    auto settings = parse_settings(std::string_view(reinterpret_cast<const char*>(data), size), "f");
    if (!settings) {
        auto message = settings.error().message();
        must(settings.error().code == vs::Code::usage);
        must(message.starts_with("f:") && message.size() < 2000 && message.find('\n') == std::string::npos);
        return 0;
    }
    auto printed = print_settings(*settings, name);
    auto again = parse_settings(printed, "f");
    // Escapes make the printed file longer: only the bound on its size may stand between.
    must(again.has_value() || printed.size() > 64 * 1024);
    if (again) must(print_settings(*again, name) == printed);
    return 0;
}
