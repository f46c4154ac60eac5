#pragma once
// The documents behind --json: one object each, snake_case, bytes, seconds, RFC 3339; null where the kernel does not say. Names
// that are here stay; new ones may come. The only files that see the JSON library are json.cpp and json_log.cpp.

#include <string>
#include <vector>

#include "cli/log_view.hpp"
#include "log/export.hpp"
#include "log/verify.hpp"
#include "log/witness.hpp"
#include "server/examine.hpp"
#include "server/query.hpp"
#include "server/hiding.hpp"
#include "server/shield.hpp"
#include "storage/image.hpp"

namespace vs::cli {

/// {"error": {"code", "message"}}
std::string json_error(const Error& error);

/// {"servers": [...], "errors": [...]}
std::string json_servers(const std::vector<server::ServerStatus>& servers, const std::vector<Error>& errors);

/// {"name", "settings": {...}}
std::string json_settings(const model::ServerName& name, const model::Settings& settings);

/// An image with the servers that stand on it.
struct ImageUse {
    storage::ImageRecord image;
    std::vector<std::string> servers;
};
/// {"images": [...], "errors": [...]}
std::string json_images(const std::vector<ImageUse>& images, const std::vector<Error>& errors);

/// {"shield", "door", "hidden"}
std::string json_shield(const server::ShieldStatus& status);
struct HidingReport {
    bool hidden = false;
    std::vector<std::string> services;  ///< with a /proc of their own by our drop-in
    server::Blinded blinded;
};
/// {"hidden", "services", "waiting", "blind"}
std::string json_hiding(const HidingReport& report);

/// {"name", "files": [...]}
std::string json_files(const model::ServerName& name, const std::vector<std::string>& files);

/// What was found about one server, or about the machine (no name).
struct Examination {
    std::string name;
    std::vector<server::Finding> findings;
    [[nodiscard]] bool good() const;
};
/// {"good", "findings": [...]}
std::string json_findings(const Examination& machine);
/// {"servers": [{"name", "good", "findings"}], "errors": [...]}
std::string json_findings(const std::vector<Examination>& servers, const std::vector<Error>& errors);

/// {"name", "records": [{"sequence", "time", "boot", "kind", "source", "text"}]}
std::string json_log(const model::ServerName& name, const std::vector<LogEntry>& entries);
/// {"name", "good", "log", "first", "sealed", "size", "sealed_at", "root", "gaps", "lost_records", "findings": [{"record", "last", "what"}]}
std::string json_verdict(const model::ServerName& name, const log::Verdict& verdict);
/// {"checkpoint": NOTE, "records": [{"sequence", "leaf": BASE64, "path": [HEX...]}]}
std::string json_export(const log::Export& exported);
/// {"issued", "chain", "segments": [{"segment", "notes"}]}
std::string json_notes(const log::SignedNotes& notes);
/// Nothing where the text, which may be anything, is not that.
std::optional<log::SignedNotes> parse_notes(const std::string& text);

}  // namespace vs::cli
