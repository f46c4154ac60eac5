#include "storage/package_database.hpp"

#include <fcntl.h>

#include "base/text.hpp"
#include "storage/deb822.hpp"
#include "sys/file.hpp"
#include "sys/inode.hpp"

namespace vs::storage {

namespace {

constexpr std::size_t kLargest = 64 << 20;

// What dpkg writes about the history of a package on one machine.
constexpr std::string_view kStateFields[] = {"Status", "Config-Version", "Triggers-Pending", "Triggers-Awaited"};

bool is_state(std::string_view name) {
    for (auto field : kStateFields)
        if (field == name) return true;
    return false;
}

std::string without_obsolete(std::string_view conffiles) {
    std::string out;
    for (auto line : base::split(conffiles, '\n'))
        if (words(line).size() == 2) out += fmt::format("\n {}", base::trim(line));
    return out;
}

Result<> write_text(const sys::DirFd& dir, const std::string& name, std::string_view text) {
    return sys::replace_file(dir, name, text, 0644, sys::Durability::volatile_);
}

Result<> copy_info(const sys::DirFd& info, const HostDatabase& host, const std::vector<Package>& packages) {
    auto from_dir = TRY(sys::open_dir(host.dir, "info"));
    for (const auto& package : packages) {
        for (const auto& name : info_files(host, package)) {
            auto from = TRY(sys::open_at(from_dir, name, O_RDONLY | O_NOFOLLOW));
            auto to = TRY(sys::open_at(info, name, O_WRONLY | O_CREAT | O_EXCL, 0600));
            TRY_WITH(sys::copy_content(from, to), "copy '{}'", name);
            TRY(sys::change_mode(to, TRY(sys::stat_fd(from)).st_mode & 0777));
        }
    }
    return write_text(info, "format", "1\n");
}

Result<> copy_triggers(const sys::DirFd& triggers, const HostDatabase& host, const std::set<std::string_view>& names) {
    auto from_dir = TRY(sys::open_dir(host.dir, "triggers"));
    for (const auto& name : TRY(sys::list_dir(from_dir))) {
        if (name == "Lock" || name == "Unincorp") continue;
        auto text = chosen_triggers(TRY(sys::read_file(from_dir, name, kLargest)), names);
        if (!text.empty()) TRY(write_text(triggers, name, text));
    }
    return {};
}

Result<sys::DirFd> make_dir(const sys::DirFd& root, const std::string& name) {
    TRY(sys::make_dir(root, name, 0755, sys::IfExists::keep));
    return sys::open_dir(root, name);
}

}  // namespace

std::string unpacked_stanza(const Package& package) {
    std::string out;
    for (const auto& paragraph : parse_deb822(package.stanza)) {
        for (const auto& [name, value] : paragraph.fields) {
            if (name == "Package") out += fmt::format("Package: {}\nStatus: install ok unpacked\n", value);
            else if (name == "Conffiles") out += fmt::format("Conffiles:{}\n", without_obsolete(value));
            else if (!is_state(name)) out += fmt::format("{}: {}\n", name, value);
        }
    }
    return out + "\n";
}

std::string chosen_triggers(std::string_view text, const std::set<std::string_view>& packages) {
    std::string out;
    for (auto line : base::split(text, '\n')) {
        auto package = line.substr(line.rfind(' ') + 1);
        package = package.substr(0, package.find_first_of(":/"));
        if (packages.contains(package)) out += std::string(line) + "\n";
    }
    return out;
}

Result<> write_database(const sys::DirFd& root, const NewDatabase& database) {
    const auto& packages = *database.packages;
    std::set<std::string_view> names;
    std::string status;
    for (const auto& package : packages) {
        names.insert(package.name);
        status += unpacked_stanza(package);
    }
    auto dir = TRY(make_dir(root, "var/lib/dpkg"));
    for (const char* name : {"updates", "parts", "alternatives"}) TRY(make_dir(dir, name));
    TRY(copy_info(TRY(make_dir(dir, "info")), *database.host, packages));
    TRY(copy_triggers(TRY(make_dir(dir, "triggers")), *database.host, names));
    TRY(write_text(dir, "diversions", print_diversions(*database.diversions, names)));
    TRY(write_text(dir, "statoverride", ""));
    TRY(write_text(dir, "available", ""));
    return write_text(dir, "status", status);
}

}  // namespace vs::storage
