#pragma once
// What is expected of a path: that it stays as it is, that it only grows, or nothing. The longest matching rule holds; a '*' in a
// rule stands for one name. A program that is setuid or has a file capability is looked at everywhere.

#include <string>
#include <string_view>
#include <vector>

#include "model/settings.hpp"

namespace vs::guard {

enum class Expectation : std::uint8_t {
    frozen,    ///< any difference is a change
    packages,  ///< the same, told apart: what the server's package manager writes
    growing,   ///< new files, and more at the end of those that are there
    ignored,   ///< only privileged programs
};
std::string_view expectation_name(Expectation expectation);

struct Rule {
    std::string path;
    Expectation expectation = Expectation::frozen;
};

class Policy {
  public:
    /// What is sane for Debian and its like, and the server's own rules over that.
    static Policy of(const model::GuardSettings& settings);
    /// Everything frozen: an image.
    static Policy all_frozen();

    [[nodiscard]] Expectation of_path(std::string_view path) const;
    /// Whether there is a rule about anything below it that is not to ignore it.
    [[nodiscard]] bool expects_below(std::string_view path) const;
    [[nodiscard]] const std::vector<Rule>& rules() const { return rules_; }
    explicit Policy(std::vector<Rule> rules) : rules_(std::move(rules)) {}

  private:
    std::vector<Rule> rules_;  ///< of equal length, the later one holds
};

}  // namespace vs::guard
