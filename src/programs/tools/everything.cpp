#include "programs/tools/everything.hpp"

#include "context/whole_proc.hpp"

namespace vs::tools {

void see_everything(const Tool& tool) {
    if (auto seen = context::see_whole_proc(); !seen) say(tool, seen.error().message());
}

}  // namespace vs::tools
