#pragma once
// What examine_host and examine_server have in common.

#include "server/examine.hpp"
#include "storage/server_number.hpp"

namespace vs::server {

/// The findings of one examination, in the order in which they are made.
class Findings {
  public:
    void good(std::string subject, std::string text) { add(Grade::good, std::move(subject), std::move(text), {}); }
    void notice(std::string subject, std::string text, std::string remedy) { add(Grade::notice, std::move(subject), std::move(text), std::move(remedy)); }
    void bad(std::string subject, std::string text, std::string remedy) { add(Grade::bad, std::move(subject), std::move(text), std::move(remedy)); }
    [[nodiscard]] std::vector<Finding> take() { return std::move(findings_); }

  private:
    void add(Grade grade, std::string subject, std::string text, std::string remedy) {
        findings_.push_back({grade, std::move(subject), std::move(text), std::move(remedy)});
    }
    std::vector<Finding> findings_;
};

/// Is there room where servers are kept?
void examine_disk(Findings& findings, const storage::Store& store);

/// Ids of others in the range of `count` from `first` on.
std::vector<storage::IdRange> overlapping(const std::vector<storage::IdRange>& foreign, std::uint32_t first, std::uint64_t count);

/// {6, 1} of "6.1.0-38-amd64"; {0, 0} of anything else.
struct KernelVersion {
    std::uint64_t major = 0, minor = 0;
    friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};
KernelVersion parse_kernel_version(std::string_view release);

}  // namespace vs::server
