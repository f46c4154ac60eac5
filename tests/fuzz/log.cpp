// What a log's files hold: no bytes break the readers, and what is accepted is exactly what would be written.

#include <cstdint>
#include <cstdlib>

#include "log/layout.hpp"
#include "log/machine.hpp"
#include "log/note.hpp"
#include "log/verify_segment.hpp"

namespace {

using namespace vs::log;

void must(bool good) {
    if (!good) std::abort();
}

void read_records(std::string_view bytes) {
    while (auto record = read_record(bytes).record) {
        auto length = record_length(bytes);
        must(length && *length <= bytes.size() && record->payload.size() + kHeadSize + kCheckSize == *length);
        auto head = write_head(record->head, record->payload.size());
        must(std::string_view(head.data(), head.size()) == bytes.substr(0, kHeadSize));
        if (auto gap = read_gap(record->payload)) {
            auto again = write_gap(*gap);
            must(std::string_view(again.data(), again.size()) == record->payload);
        }
        bytes.remove_prefix(*length);
    }
}

void read_notes(std::string_view text) {
    while (auto note = read_note(text)) {
        must(note->all.data() == text.data() && !note->all.empty());
        if (auto checkpoint = read_checkpoint(note->body)) must(write_body(*checkpoint).text() == note->body);
        if (auto opening = read_opening(note->body)) must(write_body(*opening).text() == note->body);
        text.remove_prefix(note->all.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    read_records(bytes);
    read_records(bytes.substr(std::min(bytes.size(), sizeof(SegmentHead))));
    read_notes(bytes);
    if (auto key = VerificationKey::parse(bytes)) must(key->text() == bytes);
    if (auto head = read_segment_head(bytes)) (void)head->frontier();
    Opening opening{};
    opening.tree.origin = "vserver/test/00";
    opening.tree.root = empty_hash();
    opening.segment = 1;
    (void)verify_segment({std::string(bytes), std::string(bytes)}, opening);
    return 0;
}
