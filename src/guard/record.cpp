#include "guard/record.hpp"

#include "base/text.hpp"
#include "server/log_note.hpp"

namespace vs::guard {

std::string record_text(std::string_view sentence, const std::vector<std::string>& findings) {
    constexpr std::size_t kMost = 32 << 10;  // half of what a record takes: a server chooses the names in it
    auto text = base::escape_control(sentence);
    for (std::size_t i = 0; i < findings.size(); ++i) {
        auto next = base::escape_control(findings[i]);
        if (text.size() + next.size() > kMost) return text + fmt::format("; and {} more", findings.size() - i);
        text += (i == 0 ? ": " : "; ") + next;
    }
    return text;
}

Result<> record(Recording recording, const model::ServerName& name, std::string_view sentence, const std::vector<std::string>& findings) {
    if (recording == Recording::nothing) return {};
    return server::note_in_log(name, record_text(sentence, findings));
}

}  // namespace vs::guard
