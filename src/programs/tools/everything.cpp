#include "programs/tools/everything.hpp"

#include "sys/whole_proc.hpp"

namespace vs::tools {

void see_everything(const Tool& tool) {
    if (auto seen = sys::see_whole_proc(); !seen) say(tool, seen.error().message());
}

}  // namespace vs::tools
