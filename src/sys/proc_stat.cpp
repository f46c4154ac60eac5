#include "sys/proc_stat.hpp"

#include "base/text.hpp"
#include "sys/file.hpp"

namespace vs::sys {

Result<std::uint64_t> stat_field(FdRef dir, const std::string& path, std::size_t field) {
    constexpr std::size_t kFirst = 3;
    auto text = TRY(read_file(dir, path));
    auto after_name = text.rfind(')');  // the name may hold blanks and parentheses
    if (after_name == std::string::npos) return fail(Code::failed, "'{}' is malformed", path);
    auto fields = base::split(base::trim(std::string_view(text).substr(after_name + 1)), ' ');
    auto value = fields.size() > field - kFirst ? base::parse_number(fields[field - kFirst]) : std::nullopt;
    if (!value) return fail(Code::failed, "'{}' is malformed", path);
    return *value;
}

}  // namespace vs::sys
