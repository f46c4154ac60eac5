#include "storage/unchanged.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::storage {

namespace {

constexpr std::size_t kBatch = 500;  // arguments of one md5sum
constexpr std::size_t kMd5Digits = 32;

bool is_plain_file(const std::string& path) {
    auto status = sys::stat_at(sys::kHere, path);
    return status && S_ISREG(status->st_mode);
}

/// Sums of these files. A name with a newline or backslash is printed otherwise and so has none.
Result<std::map<std::string, std::string>> sums_of(const std::vector<std::string>& paths) {
    std::map<std::string, std::string> sums;
    for (std::size_t start = 0; start < paths.size(); start += kBatch) {
        std::vector<std::string> argv = {"md5sum", "--"};
        for (std::size_t i = start; i < std::min(start + kBatch, paths.size()); ++i) argv.push_back(paths[i]);
        auto result = TRY(sys::run_program(argv, {}));  // a file that vanished meanwhile is a status, not a failure
        for (auto line : base::split(result.out, '\n'))
            if (line.size() > kMd5Digits + 2) sums[std::string(line.substr(kMd5Digits + 2))] = line.substr(0, kMd5Digits);
    }
    return sums;
}

}  // namespace

std::vector<Suspect> find_suspects(const std::vector<PackageFile>& files, const Package& package,
                                   const std::map<std::string, std::string>& md5sums) {
    std::map<std::string_view, std::string_view> conffiles;
    for (const auto& conffile : package.conffiles) conffiles[conffile.path] = conffile.md5;
    std::vector<Suspect> suspects;
    for (const auto& file : files) {
        auto conffile = conffiles.find(file.listed);
        if (conffile != conffiles.end()) {
            suspects.push_back({file.host_path, std::string(conffile->second)});
        } else if (!is_program_path(file.listed)) {
            auto sum = md5sums.find(file.listed);
            suspects.push_back({file.host_path, sum == md5sums.end() ? "" : sum->second});
        }
    }
    return suspects;
}

Result<std::set<std::string>> changed_files(const std::vector<Suspect>& suspects) {
    std::vector<std::string> paths;
    for (const auto& suspect : suspects)
        if (is_plain_file(suspect.host_path)) paths.push_back(suspect.host_path);
    auto sums = TRY_WITH(sums_of(paths), "compare the host's configuration files");
    std::set<std::string> looked_at(paths.begin(), paths.end());
    std::set<std::string> changed;
    for (const auto& [path, md5] : suspects)
        if (looked_at.contains(path) && (md5.empty() || sums[path] != md5)) changed.insert(path);
    return changed;
}

}  // namespace vs::storage
