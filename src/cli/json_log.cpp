#include <nlohmann/json.hpp>

#include "cli/json.hpp"
#include "log/base64.hpp"
#include "log/note.hpp"
#include "log/syslog.hpp"

namespace vs::cli {

namespace {

using json = nlohmann::ordered_json;

std::string print_document(const json& document) { return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n"; }

std::string hex(std::span<const std::uint8_t> bytes) { return std::string(log::NoteText().add_hex(bytes).text()); }

std::string base64(std::string_view bytes) {
    std::string text(log::base64_size(bytes.size()), '\0');
    log::write_base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, text.data());
    return text;
}

/// What the sender claims stands apart from what the host knows.
json of_entry(const LogEntry& entry) {
    json document{{"sequence", entry.sequence}, {"time", format_time(entry.realtime)}, {"boot", hex(entry.boot)},
                  {"kind", kind_name(entry.kind)}, {"source", source_name(entry.source)}, {"text", entry.text}};
    if (entry.source == log::Source::recorder || entry.source == log::Source::console || entry.source == log::Source::host) return document;
    document["claimed"] = {{"pid", entry.pid}, {"uid", entry.uid}, {"tag", entry.tag}, {"process", entry.process}, {"time", entry.claimed_time}};
    document["claimed"]["priority"] = entry.priority ? json(log::severity_name(*entry.priority % 8)) : json();
    return document;
}

}  // namespace

std::string json_log(const model::ServerName& name, const std::vector<LogEntry>& entries) {
    auto records = json::array();
    for (const auto& entry : entries)
        records.push_back(of_entry(entry));
    return print_document({{"name", name.text()}, {"records", records}});
}

std::string json_verdict(const model::ServerName& name, const log::Verdict& verdict) {
    auto findings = json::array();
    for (const auto& finding : verdict.findings) findings.push_back({{"record", finding.record}, {"last", finding.last}, {"what", finding.what}});
    return print_document({{"name", name.text()}, {"good", verdict.good()}, {"log", verdict.origin}, {"first", verdict.first},
                           {"sealed", verdict.sealed}, {"size", verdict.size}, {"sealed_at", format_time(verdict.sealed_at)},
                           {"root", hex(verdict.root)}, {"gaps", verdict.gaps}, {"lost_records", verdict.lost_records},
                           {"found_unsealed", verdict.found_unsealed}, {"rubbish_bytes", verdict.rubbish}, {"findings", findings}});
}

std::string json_export(const log::Export& exported) {
    auto records = json::array();
    for (const auto& record : exported.records) {
        auto path = json::array();
        for (const auto& hash : record.path) path.push_back(hex(hash));
        records.push_back({{"sequence", record.sequence}, {"leaf", base64(record.leaf)}, {"path", path}});
    }
    return print_document({{"checkpoint", exported.checkpoint}, {"records", records}});
}

std::string json_notes(const log::SignedNotes& notes) {
    auto segments = json::array();
    for (const auto& segment : notes.segments) segments.push_back({{"segment", segment.number}, {"notes", segment.notes}});
    return print_document({{"issued", notes.issued}, {"chain", notes.chain}, {"segments", segments}});
}

std::optional<log::SignedNotes> parse_notes(const std::string& text) {
    auto document = json::parse(text, nullptr, false);
    auto is_text = [](const json& object, const char* key) { return object.is_object() && object.contains(key) && object[key].is_string(); };
    const bool good = is_text(document, "issued") && is_text(document, "chain") && document.contains("segments") && document["segments"].is_array();
    if (!good) return std::nullopt;
    log::SignedNotes notes{document["issued"], document["chain"], {}};
    for (const auto& segment : document["segments"]) {
        if (!is_text(segment, "notes") || !segment.contains("segment") || !segment["segment"].is_number_unsigned()) return std::nullopt;
        notes.segments.push_back({segment["segment"], segment["notes"]});
    }
    return notes;
}

}  // namespace vs::cli
