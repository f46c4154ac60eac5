#include "guard/surveyor_protocol.hpp"

#include "base/text.hpp"
#include "sys/content.hpp"
#include "sys/file.hpp"

namespace vs::guard::protocol {

std::string print_marks(const OverlayMarks& marks) {
    return fmt::format("{} {} {}", marks.opaque ? "opaque" : "-", marks.metacopy ? "metacopy" : "-", escape_word(marks.redirect));
}

Result<OverlayMarks> parse_marks(std::string_view text) {
    auto words = base::split(text, ' ');
    if (words.size() != 3) return fail(Code::failed, "the answer about an entry's marks is malformed");
    return OverlayMarks{words[0] == "opaque", words[1] == "metacopy", TRY(unescape_word(words[2]))};
}

Result<std::string> read_whole(sys::FdRef file, std::size_t most) {
    auto size = static_cast<std::size_t>(TRY(sys::stat_fd(file)).st_size);
    if (size > most) return fail(Code::failed, "it is larger than {} bytes", most);
    std::string text(size, '\0');
    text.resize(TRY(sys::read_at(file, {reinterpret_cast<unsigned char*>(text.data()), size}, 0)));
    return text;
}

}  // namespace vs::guard::protocol
