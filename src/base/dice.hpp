#pragma once
// Inputs for property tests: chosen by chance, but by the same one in every run, so that a failure comes again.

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace vs::base {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t end) { return random_() % end; }
    bool toss() { return below(2) == 0; }
    std::uint64_t any() { return random_(); }
    template <typename Choices>
    auto one_of(const Choices& choices) {
        return choices[below(std::size(choices))];
    }
    std::string text(std::string_view alphabet, std::size_t most) {
        std::string made(below(most + 1), ' ');
        for (auto& c : made) c = alphabet[below(alphabet.size())];
        return made;
    }

    /// What a crash, a full disk or somebody's hand makes of a text: cut short, or with a byte changed, put in or taken out.
    std::string damage(std::string text) {
        if (text.empty()) return "x";
        const auto at = below(text.size());
        switch (below(4)) {
            case 0: return text.substr(0, at);
            case 1: text[at] = static_cast<char>(below(256)); return text;
            case 2: text.insert(at, 1, static_cast<char>(below(256))); return text;
            default: text.erase(at, 1 + below(8)); return text;
        }
    }

  private:
    std::mt19937_64 random_;
};

}  // namespace vs::base
