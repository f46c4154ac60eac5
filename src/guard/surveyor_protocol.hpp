#pragma once
// What vserver-surveyor and whoever starts it agree upon.
//
//   3  orders, a file          4  the report, a file          5  a socket for questions
//   6  the tree; 7 its image where the first argument says "layered"; then a tree for each further argument, which is its place
//
// A question is the line "ask" on standard output and a descriptor on the socket; the answer is a message there.

#include "guard/survey.hpp"

namespace vs::guard::protocol {

inline constexpr int kOrders = 3, kReport = 4, kSocket = 5, kFirstTree = 6;
inline constexpr std::string_view kLayered = "layered", kPlain = "plain";
inline constexpr std::string_view kQuestion = "ask";

std::string print_marks(const OverlayMarks& marks);
Result<OverlayMarks> parse_marks(std::string_view text);

/// From its beginning, wherever its offset is.
Result<std::string> read_whole(sys::FdRef file, std::size_t most);

}  // namespace vs::guard::protocol
