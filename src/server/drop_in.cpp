#include "server/drop_in.hpp"

#include <cerrno>

#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::server {

namespace {

const std::string kUnits = "/etc/systemd/system";
constexpr std::string_view kDirectory = ".d";

std::string directory_of(const std::string& unit) { return fmt::format("{}/{}{}", kUnits, unit, kDirectory); }

Result<> unless(int harmless, Result<> done) {
    return !done && done.error().errno_value == harmless ? Result<>() : std::move(done);
}

}  // namespace

std::string drop_in_path(const std::string& unit, const std::string& name) { return fmt::format("{}/{}", directory_of(unit), name); }

Result<> write_drop_in(const std::string& unit, const std::string& name, const std::string& text) {
    TRY(sys::make_dirs(directory_of(unit), 0755));
    return sys::replace_file(TRY(sys::open_dir(sys::kHere, directory_of(unit))), name, text, 0644, sys::Durability::synced);
}

Result<> remove_drop_in(const std::string& unit, const std::string& name) {
    TRY(unless(ENOENT, sys::remove_file(sys::kHere, drop_in_path(unit, name))));
    auto removed = sys::remove_dir(sys::kHere, directory_of(unit));
    return !removed && removed.error().errno_value == ENOENT ? Result<>() : unless(ENOTEMPTY, std::move(removed));
}

Result<std::vector<std::string>> units_with_drop_in(const std::string& name) {
    std::vector<std::string> units;
    auto dir = sys::open_dir(sys::kHere, kUnits);
    if (!dir && dir.error().errno_value == ENOENT) return units;
    for (const auto& entry : TRY(sys::list_dir(TRY(std::move(dir)))))
        if (entry.ends_with(kDirectory) && TRY(sys::exists(sys::kHere, fmt::format("{}/{}/{}", kUnits, entry, name))))
            units.push_back(entry.substr(0, entry.size() - kDirectory.size()));
    return units;
}

Result<bool> has_systemd() { return sys::exists(sys::kHere, "/run/systemd/system"); }

Result<> reload_units() {
    if (!TRY(has_systemd())) return {};
    TRY_WITH(sys::run_checked({"systemctl", "daemon-reload"}, {.limit = sys::Milliseconds(60'000)}), "have systemd read its units");
    return {};
}

}  // namespace vs::server
