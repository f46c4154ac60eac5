#include "storage/packages.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "storage/deb822.hpp"
#include "storage/debian_version.hpp"

namespace vs::storage {

namespace {

/// "name:any (>= 1.0)"
Requirement parse_requirement(std::string_view text) {
    auto parts = words(text, " \t\n()");
    Requirement requirement;
    if (!parts.empty()) requirement.name = parts[0].substr(0, parts[0].find(':'));
    if (parts.size() >= 3) requirement.relation = parts[1], requirement.version = parts[2];
    return requirement;
}

std::vector<std::vector<Requirement>> parse_depends(std::string_view text) {
    std::vector<std::vector<Requirement>> groups;
    for (auto group : words(text, ",")) {
        auto& alternatives = groups.emplace_back();
        for (auto alternative : words(group, "|")) alternatives.push_back(parse_requirement(alternative));
    }
    return groups;
}

/// Lines "path md5", and "path md5 obsolete" for what the package has no more.
std::vector<Conffile> parse_conffiles(std::string_view text) {
    std::vector<Conffile> conffiles;
    for (auto line : base::split(text, '\n')) {
        auto parts = words(line);
        if (parts.size() == 2) conffiles.push_back({parts[0], parts[1]});
    }
    return conffiles;
}

std::string_view stanza_of(const Paragraph& paragraph) {
    const auto& last = paragraph.fields.back();
    auto value_end = last.value.empty() ? last.name.data() + last.name.size() + 1 : last.value.data() + last.value.size();
    const char* begin = paragraph.fields.front().name.data();
    return {begin, static_cast<std::size_t>(value_end - begin)};
}

Package parse_package(const Paragraph& paragraph) {
    Package package;
    package.name = paragraph.value("Package");
    package.version = paragraph.value("Version");
    package.architecture = paragraph.value("Architecture");
    package.stanza = stanza_of(paragraph);
    auto priority = paragraph.value("Priority");
    package.is_base = paragraph.value("Essential") == "yes" || priority == "required" || priority == "important";
    package.depends = parse_depends(paragraph.value("Pre-Depends"));
    for (auto& group : parse_depends(paragraph.value("Depends"))) package.depends.push_back(std::move(group));
    for (auto provided : words(paragraph.value("Provides"), ",")) package.provides.push_back(parse_requirement(provided));
    package.conffiles = parse_conffiles(paragraph.value("Conffiles"));
    return package;
}

bool is_installed(const Paragraph& paragraph) { return paragraph.value("Status").ends_with(" ok installed"); }

/// Which installed packages satisfy what.
class Resolver {
  public:
    explicit Resolver(const std::vector<Package>& installed) {
        for (const auto& package : installed) {
            by_name_[package.name] = &package;
            for (const auto& provided : package.provides) providers_[provided.name].push_back({&package, provided.version});
        }
    }

    [[nodiscard]] const Package* find(std::string_view name) const {
        auto found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : found->second;
    }

    /// Packages that satisfy one of the alternatives, in order of preference.
    [[nodiscard]] std::vector<const Package*> candidates(const std::vector<Requirement>& alternatives) const {
        std::vector<const Package*> out;
        for (const auto& wanted : alternatives) {
            const Package* real = find(wanted.name);
            if (real != nullptr && holds(real->version, wanted)) out.push_back(real);
            auto provided = providers_.find(wanted.name);
            if (provided == providers_.end()) continue;
            for (const auto& [package, version] : provided->second)
                if (holds(version, wanted)) out.push_back(package);
        }
        return out;
    }

  private:
    static bool holds(std::string_view version, const Requirement& wanted) {
        return wanted.relation.empty() || (!version.empty() && version_satisfies(version, wanted.relation, wanted.version));
    }

    std::map<std::string_view, const Package*> by_name_;
    std::map<std::string_view, std::vector<std::pair<const Package*, std::string_view>>> providers_;
};

/// Grows until everything that is in has what it depends on.
class Selection {
  public:
    explicit Selection(const Resolver& resolver) : resolver_(resolver) {}

    void add(const Package* package) {
        if (chosen_.insert({package->name, package}).second) pending_.push_back(package);
    }

    void close() {
        while (!pending_.empty()) {
            const Package* package = pending_.back();
            pending_.pop_back();
            for (const auto& alternatives : package->depends) satisfy(alternatives);
        }
    }

    [[nodiscard]] std::vector<Package> packages() const {
        std::vector<Package> out;
        for (const auto& [name, package] : chosen_) out.push_back(*package);
        return out;
    }

  private:
    /// What nobody installed satisfies is broken on the host too, and stays so.
    void satisfy(const std::vector<Requirement>& alternatives) {
        auto candidates = resolver_.candidates(alternatives);
        auto is_in = [&](const Package* package) { return chosen_.contains(package->name); };
        if (candidates.empty() || std::any_of(candidates.begin(), candidates.end(), is_in)) return;
        add(candidates.front());
    }

    const Resolver& resolver_;
    std::map<std::string_view, const Package*> chosen_;
    std::vector<const Package*> pending_;
};

}  // namespace

std::vector<Package> parse_status(std::string_view text) {
    std::vector<Package> packages;
    std::string_view native;
    for (const auto& paragraph : parse_deb822(text)) {
        if (!is_installed(paragraph)) continue;
        packages.push_back(parse_package(paragraph));
        if (packages.back().name == "dpkg") native = packages.back().architecture;
    }
    std::erase_if(packages, [&](const Package& package) { return package.architecture != native && package.architecture != "all"; });
    return packages;
}

Result<std::vector<Package>> select_packages(const std::vector<Package>& installed, const std::vector<std::string>& requested) {
    Resolver resolver(installed);
    Selection selection(resolver);
    for (const auto& package : installed)
        if (package.is_base) selection.add(&package);
    for (const auto& name : requested) {
        const Package* package = resolver.find(name);
        if (package == nullptr) return fail(Code::usage, "package '{}' is not installed on this host: install it, or build from debian", name);
        selection.add(package);
    }
    selection.close();
    return selection.packages();
}

}  // namespace vs::storage
