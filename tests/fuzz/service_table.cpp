// Whatever the bytes, a table that is read gives every service a command, and is the only way to write what it says.

#include "model/service_table.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "model/service_table_writer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vs::model;
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    auto table = read_service_table(bytes);
    if (!table || size > kMostTableBytes) return 0;
    std::vector<Service> services;
    for (const auto& entry : table->services()) {
        Service service{.name = std::string(entry.name), .command = {}, .user = std::string(entry.user), .restart = entry.restart};
        Argv argv = argv_of(entry);
        for (const char* const* word = argv.data(); *word != nullptr; ++word) service.command.emplace_back(*word);
        services.push_back(std::move(service));
    }
    auto again = write_service_table(services, table->stop_grace);
    if (!again || *again != bytes) std::abort();
    return 0;
}
