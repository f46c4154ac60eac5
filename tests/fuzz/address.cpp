// One word that somebody gave as an address, a port redirection, a name or a capability: what is taken has one spelling, and
// reading that spelling gives the same value.

#include "model/address.hpp"

#include <cstdint>
#include <cstdlib>

#include "model/capability_set.hpp"
#include "model/name.hpp"

namespace {

void must(bool good) {
    if (!good) std::abort();
}

template <typename T>
void check(std::string_view word) {
    auto value = T::parse(word);
    if (!value) {
        must(value.error().message().size() < 1000);
        return;
    }
    auto again = T::parse(value->text());
    must(again.has_value() && *again == *value && again->text() == value->text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vs::model;
    std::string_view word(reinterpret_cast<const char*>(data), size);
    check<IpAddress>(word);
    check<PortRedirect>(word);
    check<ServerName>(word);
    if (auto name = ServerName::parse(word)) must(name->text() == word);
    if (auto address = IpAddress::parse(word)) must(address->bytes().size() == (address->family() == Family::ipv4 ? 4U : 16U));
    if (auto number = CapabilitySet::number_of(word)) must(CapabilitySet::number_of(CapabilitySet::name_of(*number)).value() == *number);
    return 0;
}
