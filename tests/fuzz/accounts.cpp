// The first line is a user, the rest an accounts file. What is found lies within the text and is never the id that means
// "leave it"; a number stays the number it was.

#include "model/accounts.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vs::model;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto end = std::min(text.find('\n'), text.size());
    std::string_view user = text.substr(0, end);
    std::string_view file = text.substr(std::min(end + 1, text.size()));
    auto must = [](bool good) {
        if (!good) std::abort();
    };

    auto account = find_account(file, user);
    if (account) {
        must(account->uid != UINT32_MAX && account->gid != UINT32_MAX);
        bool numeric = std::all_of(user.begin(), user.end(), [](char c) { return c >= '0' && c <= '9'; });
        must(numeric ? std::to_string(account->uid) == user : account->name == user);
        must(account->home.find_first_of(std::string_view(":\n\0", 3)) == std::string_view::npos);
    }
    std::array<std::uint32_t, 4> room{};
    auto count = find_groups(file, user, room);
    must(!count || *count <= room.size());
    return 0;
}
