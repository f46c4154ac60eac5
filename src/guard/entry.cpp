#include "guard/entry.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "base/text.hpp"

namespace vs::guard {

namespace {

constexpr unsigned kSetuid = 04000, kSetgid = 02000;

constexpr std::array<std::string_view, 7> kKinds = {"file", "directory", "link", "fifo", "socket", "device", "whiteout"};

std::unexpected<Error> malformed(std::string_view what) { return fail(Code::failed, "a list of files is malformed: {}", base::escape_control(what)); }

/// Of no meaning in a line of words.
bool is_plain(char c) { return static_cast<unsigned char>(c) > ' ' && c != '%' && c != 0x7f; }

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/// Takes words off a line one after the other.
class Words {
  public:
    explicit Words(std::string_view line) : rest_(line) {}

    Result<std::string_view> next() {
        if (!rest_) return malformed("a line is too short");
        auto end = rest_->find(' ');
        auto word = rest_->substr(0, end);
        if (end == rest_->npos) rest_.reset();
        else rest_->remove_prefix(end + 1);
        return word;
    }
    Result<std::uint64_t> number(std::uint64_t most) {
        auto word = TRY(next());
        auto value = base::parse_number(word);
        if (!value || *value > most) return malformed(word);
        return *value;
    }
    Result<std::string> text() { return unescape_word(TRY(next())); }
    Result<> end() const {
        if (rest_) return malformed("a line is too long");
        return {};
    }

  private:
    std::optional<std::string_view> rest_;  ///< behind the last blank; nothing: that was the last word
};

Result<Kind> parse_kind(std::string_view word) {
    auto found = std::find(kKinds.begin(), kKinds.end(), word);
    if (found == kKinds.end()) return malformed(word);
    return static_cast<Kind>(found - kKinds.begin());
}

Result<std::string> parse_digest(Words& words) {
    auto digest = TRY(words.text());
    if (!digest.empty() && !is_digest(digest)) return malformed("a digest is none");
    return digest;
}

Result<> parse_flags(std::string_view word, Entry& entry) {
    for (char flag : word) {
        if (flag == 'c') entry.capability = true;
        else if (flag == 'o') entry.opaque = true;
        else if (flag != '-') return malformed(word);
    }
    return {};
}

}  // namespace

bool is_digest(std::string_view text) {
    constexpr std::size_t kDigits = 64;
    return text.size() == kDigits && std::ranges::all_of(text, [](char c) { return hex_value(c) >= 0; });
}

std::string_view kind_name(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

bool Entry::is_privileged() const { return kind == Kind::file && (capability || (mode & (kSetuid | kSetgid)) != 0); }

bool Entry::is_same_as(const Entry& other) const {
    auto facts = [](const Entry& e) { return std::tie(e.kind, e.mode, e.uid, e.gid, e.size, e.digest, e.target, e.xattrs, e.capability, e.opaque); };
    return facts(*this) == facts(other);
}

std::string escape_word(std::string_view text) {
    if (text.empty()) return "-";
    if (text != "-" && std::ranges::all_of(text, is_plain)) return std::string(text);
    std::string out;
    for (char c : text) {
        if (is_plain(c) && text != "-") out += c;
        else out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
    return out;
}

Result<std::string> unescape_word(std::string_view word) {
    if (word == "-") return std::string();
    if (word.empty()) return malformed("a word is empty");
    if (!std::ranges::all_of(word, [](char c) { return is_plain(c) || c == '%'; })) return malformed(word);
    std::string out;
    while (true) {
        auto escape = word.find('%');
        out += word.substr(0, escape);
        if (escape == word.npos) return out;
        bool whole = escape + 2 < word.size();
        int high = whole ? hex_value(word[escape + 1]) : -1, low = whole ? hex_value(word[escape + 2]) : -1;
        if (high < 0 || low < 0) return malformed(word);
        out += static_cast<char>(high * 16 + low);
        word.remove_prefix(escape + 3);
    }
}

std::string print_entry(const Entry& entry) {
    auto flags = fmt::format("{}{}-", entry.capability ? "c" : "", entry.opaque ? "o" : "");
    return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}\n", escape_word(entry.path), kind_name(entry.kind), entry.mode, entry.uid, entry.gid,
                       entry.size, escape_word(entry.digest), escape_word(entry.xattrs), flags, escape_word(entry.target), entry.stamp.inode,
                       entry.stamp.changed);
}

Result<Entry> parse_entry(std::string_view line) {
    constexpr std::uint64_t kMostTime = INT64_MAX;
    Words words(line);
    Entry entry;
    entry.path = TRY(words.text());
    if (!entry.path.starts_with('/')) return malformed(entry.path);
    entry.kind = TRY(parse_kind(TRY(words.next())));
    entry.mode = static_cast<unsigned>(TRY(words.number(07777)));
    entry.uid = static_cast<std::uint32_t>(TRY(words.number(UINT32_MAX)));
    entry.gid = static_cast<std::uint32_t>(TRY(words.number(UINT32_MAX)));
    entry.size = TRY(words.number(UINT64_MAX));
    entry.digest = TRY(parse_digest(words));
    entry.xattrs = TRY(parse_digest(words));
    TRY(parse_flags(TRY(words.next()), entry));
    entry.target = TRY(words.text());
    entry.stamp.inode = TRY(words.number(UINT64_MAX));
    entry.stamp.changed = static_cast<std::int64_t>(TRY(words.number(kMostTime)));
    TRY(words.end());
    return entry;
}

std::string print_entries(const std::vector<Entry>& entries) {
    std::string text;
    for (const auto& entry : entries) text += print_entry(entry);
    return text;
}

Result<std::vector<Entry>> parse_entries(std::string_view text) {
    if (!text.empty() && !text.ends_with('\n')) return malformed("its last line has no end");
    std::vector<Entry> entries;
    while (!text.empty()) {
        auto end = text.find('\n');
        entries.push_back(TRY(parse_entry(text.substr(0, end))));
        text.remove_prefix(end + 1);
    }
    return entries;
}

}  // namespace vs::guard
