#include "log/export.hpp"

#include "log/note.hpp"
#include "log/reader.hpp"

namespace vs::log {

namespace {

/// The last note of the last segment that has one.
Result<std::string> last_checkpoint(const LogDirectory& directory) {
    auto segments = TRY(directory.segments());
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        auto notes = TRY(directory.notes(*segment));
        std::string_view text(notes), last;
        while (auto note = read_note(text)) {
            last = note->all;
            text.remove_prefix(note->all.size());
        }
        if (!last.empty()) return std::string(last);
    }
    return fail(Code::failed, "nothing is sealed yet: try again in a second");
}

Result<Frontier> before_first(const LogDirectory& directory) {
    auto segments = TRY(directory.segments());
    auto head = read_segment_head(segments.empty() ? "" : TRY(directory.records(segments.front())));
    auto frontier = head ? head->frontier() : std::nullopt;
    if (!frontier) return fail(Code::failed, "the log is damaged: do 'vserver NAME logs --verify'");
    return *frontier;
}

}  // namespace

Result<Export> export_log(const LogDirectory& directory) {
    Export exported{TRY(last_checkpoint(directory)), {}};
    auto note = read_note(exported.checkpoint);
    auto checkpoint = read_checkpoint(note->body);
    if (!checkpoint) return fail(Code::failed, "the last checkpoint is damaged: do 'vserver NAME logs --verify'");
    Tree tree(TRY(before_first(directory)));
    TRY(Reader(directory).read([&](const Record& record) {
        if (record.head.sequence != tree.size() || tree.size() == checkpoint->tree.size) return;
        tree.append(record.leaf);
        exported.records.push_back({record.head.sequence, std::string(record.payload.data() - kHeadSize, kHeadSize + record.payload.size()), {}});
    }));
    for (auto& record : exported.records) {
        auto path = tree.inclusion(record.sequence, checkpoint->tree.size);
        if (!path) return fail(Code::failed, "records are missing: do 'vserver NAME logs --verify'");
        record.path = std::move(*path);
    }
    return exported;
}

}  // namespace vs::log
