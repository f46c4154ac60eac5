#pragma once
// What is there: every entry of a server's own layer and volumes, with a digest of what is not as it was remembered, and
// beside it what the image has at the same place. Judging it is judge.hpp's.
//
// Security: the trees were written by a stranger. Each name is opened by itself below its directory, no link is followed, no
// file system entered, nothing opened but directories and plain files; every quantity has a budget. This runs in
// vserver-surveyor, which has no right beyond reading these trees. What it could not look at is told, never left out.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "guard/entry.hpp"
#include "guard/policy.hpp"
#include "sys/fd.hpp"

namespace vs::guard {

/// What overlayfs notes about an entry of an upper layer (trusted.overlay.*), which only the host's root can read.
struct OverlayMarks {
    bool opaque = false;
    bool metacopy = false;  ///< the content is still the image's
    std::string redirect;   ///< where in the image it was: absolute, or a name in the same directory
};
using AskMarks = std::function<Result<OverlayMarks>(sys::FdRef)>;

struct SurveyBudget {
    std::uint64_t entries = 4'000'000;
    std::uint64_t bytes = std::uint64_t{64} << 30;  ///< read from files
    std::chrono::seconds time{600};
};

enum class Storage { trusted, compared };  ///< is what is cached compared with what is stored?

/// What the survey is told: remembered entries, how long growing files were, and what is expected where.
struct SurveyOrders {
    std::vector<Rule> rules;
    std::unordered_map<std::string, Entry> known, known_below;
    std::unordered_map<std::string, std::uint64_t> grown_from;  ///< accepted length of a growing file
    SurveyBudget budget;
    Storage storage = Storage::trusted;
    std::string after;        ///< begin behind this path, in the order of a walk (comes_before); empty: at the beginning
    std::uint64_t slice = UINT64_MAX;  ///< end after so many bytes were read: Survey::reached says where
    std::vector<std::string> only;  ///< files to be looked at and nothing else; what is not there is left out. Empty: everything
};

struct SurveyTree {
    sys::FdRef dir;
    std::string at;                         ///< "" for the root, "/var/lib/x" for a volume
    std::optional<sys::FdRef> below = {};   ///< the image's root
};

struct Observed {
    Entry now;
    std::optional<Entry> below;  ///< what the image has there, digest only where the sizes are equal
    std::string past_digest;     ///< of a growing file: its first bytes, as many as were accepted
};
struct Unknown {
    std::string path, reason;
    friend bool operator==(const Unknown&, const Unknown&) = default;
};
struct Survey {
    std::vector<Observed> entries;
    std::vector<Unknown> unknown;
    std::vector<std::string> disagreeing;  ///< cached and stored content differ
    std::uint64_t looked_at = 0, hashed = 0;
    std::string reached;  ///< where a slice ended; empty: there was no more
};

/// The order of a walk: a directory, then what is in it, by name. Pure.
bool comes_before(std::string_view one, std::string_view other);

Survey survey(const std::vector<SurveyTree>& trees, const SurveyOrders& orders, const AskMarks& ask);

/// For the way between the surveyor and who has started it. A survey that was cut off does not parse.
std::string print_survey(const Survey& survey);
Result<Survey> parse_survey(std::string_view text);
std::string print_orders(const SurveyOrders& orders);
Result<SurveyOrders> parse_orders(std::string_view text);

}  // namespace vs::guard
