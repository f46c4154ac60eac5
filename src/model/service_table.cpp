#include "model/service_table.hpp"

#include <algorithm>
#include <cstdint>

namespace vs::model {

namespace {

/// Takes values off the front of the bytes. After the first that is not there, `good` is false and all are empty.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::string_view take(std::size_t count) {
        good_ = good_ && count <= rest_.size();
        if (!good_) return {};
        std::string_view taken(rest_.data(), count);
        rest_.remove_prefix(count);
        return taken;
    }
    std::uint32_t number() {
        std::uint32_t value = 0;
        std::string_view bytes = take(4);
        for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
        return value;
    }
    bool flag() {
        std::string_view byte = take(1);
        if (good_ && byte[0] != 0 && byte[0] != 1) good_ = false;
        return good_ && byte[0] == 1;
    }
    /// Without its last NUL, of which there has to be one.
    std::string_view field() {
        std::string_view bytes = take(number());
        if (bytes.empty() || bytes.back() != '\0') good_ = false;
        if (!good_) return {};
        bytes.remove_suffix(1);
        return bytes;
    }
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool at_end() const { return good_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool good_ = true;
};

/// One word that may be printed on a console without harm.
bool is_word(std::string_view text) {
    auto printable = [](char c) { return c > ' ' && c <= '~'; };
    return !text.empty() && text.size() <= kLongestServiceWord && std::all_of(text.begin(), text.end(), printable);
}

bool is_argument_list(std::string_view text) {
    return !text.empty() && text[0] != '\0' && std::count(text.begin(), text.end(), '\0') < std::ptrdiff_t{kMostArguments};
}

bool read_service(Reader& reader, ServiceEntry& service) {
    service.name = reader.field();
    service.user = reader.field();
    service.restart = reader.flag();
    service.arguments = reader.field();
    return reader.good() && is_word(service.name) && is_word(service.user) && is_argument_list(service.arguments);
}

}  // namespace

std::optional<ServiceTable> read_service_table(std::string_view bytes) {
    Reader reader(bytes);
    std::optional<ServiceTable> table(std::in_place);
    if (reader.take(kServiceTableMagic.size()) != kServiceTableMagic) return std::nullopt;
    table->stop_grace = std::chrono::milliseconds(reader.number());
    table->count = reader.number();
    if (table->count > kMostServices) return std::nullopt;
    for (std::size_t i = 0; i < table->count; ++i)
        if (!read_service(reader, table->slots[i])) return std::nullopt;
    if (!reader.at_end()) return std::nullopt;
    return table;
}

Argv argv_of(const ServiceEntry& service) {
    Argv argv{};
    std::size_t count = 0;
    const char* end = service.arguments.data() + service.arguments.size() + 1;
    for (const char* word = service.arguments.data(); word != end; word = std::find(word, end, '\0') + 1)
        argv[count++] = word;
    return argv;
}

}  // namespace vs::model
