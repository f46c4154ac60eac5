#include "cli/parse.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace vs::cli {

namespace {

using Words = std::vector<std::string>;

bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

/// Where the verb stands, and the name where it comes first.
struct Heading {
    std::size_t verb = 0;
    std::optional<std::size_t> name;
};

std::optional<std::string_view> near_verb(std::string_view word) {
    std::vector<std::string_view> candidates;
    for (const auto& verb : verbs()) candidates.push_back(verb.name);
    return base::nearest(word, candidates);
}

std::unexpected<Error> no_verb(const std::string& word) {
    auto near = near_verb(word);
    auto hint = near ? fmt::format("did you mean '{}'?", *near) : std::string("'vserver --help' lists them");
    return fail(Code::usage, "there is no verb '{}'; {}", word, hint);
}

std::size_t next_word(const Words& words, std::size_t from) {
    while (from < words.size() && is_option(words[from])) ++from;
    return from;
}

Result<Heading> find_heading(const Words& words, const ServerExists& exists) {
    auto first = next_word(words, 0);
    if (first == words.size()) return fail(Code::usage, "say what to do: vserver NAME VERB; 'vserver --help' lists the verbs");
    auto second = next_word(words, first + 1);
    bool has_second = second < words.size();
    bool first_is_verb = find_verb(words[first]) != nullptr;
    bool second_is_verb = has_second && find_verb(words[second]) != nullptr;
    if (first_is_verb && !(second_is_verb && exists(words[first]))) return Heading{first, std::nullopt};
    if (second_is_verb) return Heading{second, first};
    bool first_is_server = exists(words[first]);
    if (!has_second && first_is_server) return fail(Code::usage, "say what to do with '{0}': vserver {0} VERB", words[first]);
    bool second_to_blame = has_second && (first_is_server || !near_verb(words[first]));
    return no_verb(words[second_to_blame ? second : first]);
}

const Option* find_option(std::string_view word) {
    bool is_long = word.starts_with("--");
    auto name = word.substr(is_long ? 2 : 1, is_long ? word.find('=') - 2 : 1);
    for (const auto& candidate : options())
        if (is_long ? candidate.name == name : candidate.letter == name[0]) return &candidate;
    return nullptr;
}

std::unexpected<Error> unknown_option(const Verb& verb, const std::string& word) {
    auto name = word.substr(0, word.find('='));
    std::vector<std::string> known;
    for (const auto& candidate : options())
        if (takes(verb, candidate.id)) known.push_back(fmt::format("--{}", candidate.name));
    auto near = base::nearest(name, {known.begin(), known.end()});
    auto hint = near ? fmt::format("did you mean '{}'?", *near) : fmt::format("see 'vserver {} --help'", verb.name);
    return fail(Code::usage, "'{}' has no option '{}'; {}", verb.name, name, hint);
}

/// Reads the words of one command line from left to right.
class Reader {
  public:
    Reader(const Words& words, const Heading& heading) : words_(words), heading_(heading) {
        line_.verb = find_verb(words[heading.verb]);
    }

    Result<Invocation> read() {
        for (at_ = 0; at_ < words_.size(); ++at_) {
            const auto& word = words_[at_];
            if (at_ == heading_.verb) continue;
            if (at_ == heading_.name) TRY(take_name(word));
            else if (!options_ended_ && word == "--") options_ended_ = true;
            else if (!options_ended_ && is_option(word)) TRY(take_option(word));
            else TRY(take_word(word));
        }
        TRY(finish());
        return std::move(line_);
    }

  private:
    [[nodiscard]] const Verb& verb() const { return *line_.verb; }
    [[nodiscard]] bool selects() const { return verb().names == Names::several || verb().names == Names::all_by_default; }

    Result<> take_name(const std::string& word) {
        if (verb().names == Names::none) return fail(Code::usage, "'{0}' is not about one server: vserver {0}", verb().name);
        line_.names.push_back(TRY(model::ServerName::parse(word)));
        return {};
    }

    Result<> take_word(const std::string& word) {
        if (selects() && heading_.name)
            return fail(Code::usage, "unexpected '{0}'; for several servers say: vserver {1} {2} {0}", word, verb().name,
                        words_[*heading_.name]);
        if (selects()) return take_name(word);
        if (verb().names == Names::one && line_.names.empty()) return take_name(word);
        if (line_.arguments.size() >= verb().most) return fail(Code::usage, "unexpected '{}'; see 'vserver {} --help'", word, verb().name);
        line_.arguments.push_back(word);
        if (verb().most == kCommandFollows && line_.arguments.size() == verb().least) take_command();
        return {};
    }

    /// Everything behind the command's name belongs to it.
    void take_command() {
        for (++at_; at_ < words_.size(); ++at_) line_.arguments.push_back(words_[at_]);
    }

    Result<> take_option(const std::string& word) {
        const auto* found = find_option(word);
        if (found == nullptr || !takes(verb(), found->id)) return unknown_option(verb(), word);
        if (!found->repeatable && line_.has(found->id)) return fail(Code::usage, "the option '--{}' is given twice", found->name);
        line_.options.emplace_back(found->id, TRY(option_value(*found, word)));
        return {};
    }

    Result<std::string> option_value(const Option& option, const std::string& word) {
        bool is_long = word.starts_with("--");
        auto equals = is_long ? word.find('=') : std::string::npos;
        bool attached = is_long ? equals != std::string::npos : word.size() > 2;
        if (option.value.empty() && attached) return fail(Code::usage, "the option '--{}' takes no value", option.name);
        if (option.value.empty()) return std::string();
        if (attached) return word.substr(is_long ? equals + 1 : 2);
        bool follows = at_ + 1 < words_.size() && at_ + 1 != heading_.verb && at_ + 1 != heading_.name;
        if (!follows) return fail(Code::usage, "the option '--{0}' needs a value: --{0} {1}", option.name, option.value);
        return words_[++at_];
    }

    Result<> finish() {
        if (line_.has(Opt::help)) return {};
        TRY(choose_servers());
        if (line_.arguments.size() < verb().least)
            return fail(Code::usage, "'{0}' needs {1}: vserver NAME {0} {1}", verb().name, verb().arguments);
        return {};
    }

    Result<> choose_servers() {
        bool all = line_.has(Opt::all), running = line_.has(Opt::running);
        if (all && running) return fail(Code::usage, "--all and --running exclude each other");
        if ((all || running) && !line_.names.empty()) return fail(Code::usage, "name servers, or say {}; not both", all ? "--all" : "--running");
        bool nothing_said = line_.names.empty() && !all && !running;
        if (nothing_said && selects() && verb().names != Names::all_by_default)
            return fail(Code::usage, "say which server: vserver {} NAME..., --all or --running", verb().name);
        if (nothing_said && verb().names == Names::one) return fail(Code::usage, "say which server: vserver NAME {}", verb().name);
        if (running) line_.selector = Selector::running;
        else if (all || (nothing_said && selects())) line_.selector = Selector::all;
        return {};
    }

    const Words& words_;
    const Heading& heading_;
    Invocation line_;
    std::size_t at_ = 0;
    bool options_ended_ = false;
};

}  // namespace

bool Invocation::has(Opt option) const {
    return std::any_of(options.begin(), options.end(), [&](const auto& given) { return given.first == option; });
}

std::string Invocation::value(Opt option) const {
    for (const auto& [id, text] : options)
        if (id == option) return text;
    return {};
}

std::vector<std::string> Invocation::values(Opt option) const {
    std::vector<std::string> all;
    for (const auto& [id, text] : options)
        if (id == option) all.push_back(text);
    return all;
}

Result<Invocation> parse(const std::vector<std::string>& words, const ServerExists& exists) {
    auto heading = TRY(find_heading(words, exists));
    return Reader(words, heading).read();
}

const Verb* verb_of(const std::vector<std::string>& words, const ServerExists& exists) {
    auto heading = find_heading(words, exists);
    return heading ? find_verb(words[heading->verb]) : nullptr;
}

}  // namespace vs::cli
