#include "cli/parse.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace vs::cli {
namespace {

/// The machine of these tests has the servers web1, web2 and start.
bool exists(const std::string& word) { return word == "web1" || word == "web2" || word == "start"; }

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    for (auto word : base::split(text, ' '))
        if (!word.empty()) words.emplace_back(word);
    return words;
}

Result<Invocation> parsed(std::string_view text) { return parse(words_of(text), exists); }

std::string names_of(const Invocation& line) {
    std::string text;
    for (const auto& name : line.names) text += (text.empty() ? "" : ",") + name.text();
    return text;
}

struct Good {
    const char* text;
    VerbId verb;
    const char* names;
    std::vector<std::string> arguments;
};

class GoodLine : public testing::TestWithParam<Good> {};

TEST_P(GoodLine, is_understood) {
    auto line = parsed(GetParam().text);

    ASSERT_TRUE(line.has_value()) << line.error().message();
    EXPECT_EQ(line->verb->id, GetParam().verb);
    EXPECT_EQ(names_of(*line), GetParam().names);
    EXPECT_EQ(line->arguments, GetParam().arguments);
}

const Good kGoodLines[] = {
    {"web1 start", VerbId::start, "web1", {}},
    {"start web1", VerbId::start, "web1", {}},
    {"start web1 web2", VerbId::start, "web1,web2", {}},
    {"start --all", VerbId::start, "", {}},
    {"--all stop", VerbId::stop, "", {}},
    {"web1 --json status", VerbId::status, "web1", {}},
    {"--json web1 status", VerbId::status, "web1", {}},
    {"start stop", VerbId::stop, "start", {}},
    {"stop start", VerbId::stop, "start", {}},
    {"start web1 -n", VerbId::start, "web1", {}},
    {"list", VerbId::list, "", {}},
    {"ls web1", VerbId::list, "web1", {}},
    {"web9 shell", VerbId::enter, "web9", {}},
    {"web1 enter joe", VerbId::enter, "web1", {"joe"}},
    {"build web9 --from host", VerbId::build, "web9", {}},
    {"web9 build --from=host --address 10.0.0.1 --address 10.0.0.2", VerbId::build, "web9", {}},
    {"build list --from host", VerbId::build, "list", {}},
    {"web1 exec ls -l --color", VerbId::exec, "web1", {"ls", "-l", "--color"}},
    {"web1 exec -u joe -e A=b -e C=d -- ls --help", VerbId::exec, "web1", {"ls", "--help"}},
    {"exec web1 -- -x -- y", VerbId::exec, "web1", {"-x", "--", "y"}},
    {"exec -T web1 cat", VerbId::exec, "web1", {"cat"}},
    {"web1 exec -ujoe id", VerbId::exec, "web1", {"id"}},
    {"web1 suexec joe id -u", VerbId::suexec, "web1", {"joe", "id", "-u"}},
    {"suexec web1 joe id", VerbId::suexec, "web1", {"joe", "id"}},
    {"web1 mount /mnt", VerbId::mount, "web1", {"/mnt"}},
    {"images", VerbId::images, "", {}},
    {"images remove a b", VerbId::images, "", {"remove", "a", "b"}},
    {"doctor --json", VerbId::doctor, "", {}},
    {"start --help", VerbId::start, "", {}},
    {"web1 exec --help", VerbId::exec, "web1", {}},
};
INSTANTIATE_TEST_SUITE_P(Parse, GoodLine, testing::ValuesIn(kGoodLines));

struct Bad {
    const char* text;
    const char* message;
};

class BadLine : public testing::TestWithParam<Bad> {};

TEST_P(BadLine, is_refused_in_one_sentence) {
    auto line = parsed(GetParam().text);

    ASSERT_FALSE(line.has_value());
    EXPECT_EQ(line.error().code, Code::usage);
    EXPECT_EQ(line.error().message(), GetParam().message);
}

const Bad kBadLines[] = {
    {"", "say what to do: vserver NAME VERB; 'vserver --help' lists the verbs"},
    {"--json", "say what to do: vserver NAME VERB; 'vserver --help' lists the verbs"},
    {"web1", "say what to do with 'web1': vserver web1 VERB"},
    {"lsit", "there is no verb 'lsit'; did you mean 'list'?"},
    {"frobnicate", "there is no verb 'frobnicate'; 'vserver --help' lists them"},
    {"strat web9", "there is no verb 'strat'; did you mean 'start'?"},
    {"web1 strat", "there is no verb 'strat'; did you mean 'start'?"},
    {"web9 frobnicate", "there is no verb 'frobnicate'; 'vserver --help' lists them"},
    {"start", "say which server: vserver start NAME..., --all or --running"},
    {"enter", "say which server: vserver NAME enter"},
    {"start --all --running", "--all and --running exclude each other"},
    {"start web1 --all", "name servers, or say --all; not both"},
    {"web1 start web2", "unexpected 'web2'; for several servers say: vserver start web1 web2"},
    {"web1 doctor", "'doctor' is not about one server: vserver doctor"},
    {"doctor web1", "unexpected 'web1'; see 'vserver doctor --help'"},
    {"web1 start --jsn", "'start' has no option '--jsn'; see 'vserver start --help'"},
    {"web1 status --jsn", "'status' has no option '--jsn'; did you mean '--json'?"},
    {"web1 start --json", "'start' has no option '--json'; see 'vserver start --help'"},
    {"web1 start -z", "'start' has no option '-z'; see 'vserver start --help'"},
    {"web1 build --from", "the option '--from' needs a value: --from SOURCE"},
    {"--from build web1", "the option '--from' needs a value: --from SOURCE"},
    {"web1 build --from host --from host", "the option '--from' is given twice"},
    {"web1 status --json=yes", "the option '--json' takes no value"},
    {"web1 exec -tx ls", "the option '--terminal' takes no value"},
    {"web1 exec", "'exec' needs CMD [ARG...]: vserver NAME exec CMD [ARG...]"},
    {"web1 suexec joe", "'suexec' needs USER CMD [ARG...]: vserver NAME suexec USER CMD [ARG...]"},
    {"web1 mount /a /b", "unexpected '/b'; see 'vserver mount --help'"},
    {"../x start", "'../x' cannot be a server's name: use 1 to 63 of A-Z a-z 0-9 _ -, beginning with a letter or digit"},
    {"start a/b", "'a/b' cannot be a server's name: use 1 to 63 of A-Z a-z 0-9 _ -, beginning with a letter or digit"},
};
INSTANTIATE_TEST_SUITE_P(Parse, BadLine, testing::ValuesIn(kBadLines));

TEST(Parse, keeps_the_values_of_options_in_order) {
    auto line = parsed("web9 build --from host --address 10.0.0.1 --address=10.0.0.2").value();

    EXPECT_EQ(line.value(Opt::from), "host");
    EXPECT_EQ(line.values(Opt::address), (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
    EXPECT_FALSE(line.has(Opt::image));
    EXPECT_EQ(line.value(Opt::image), "");
}

TEST(Parse, selects_by_name_by_all_and_by_running) {
    EXPECT_EQ(parsed("stop web1")->selector, Selector::named);
    EXPECT_EQ(parsed("stop --all")->selector, Selector::all);
    EXPECT_EQ(parsed("stop --running")->selector, Selector::running);
    EXPECT_EQ(parsed("list")->selector, Selector::all);
    EXPECT_EQ(parsed("list --running")->selector, Selector::running);
}

TEST(Parse, an_existing_server_wins_over_a_verb_only_where_a_verb_follows) {
    EXPECT_EQ(parsed("start web1")->verb->id, VerbId::start);
    EXPECT_EQ(parsed("start list")->verb->id, VerbId::list);
    EXPECT_EQ(parsed("stop list")->verb->id, VerbId::stop) << "there is no server 'stop'";
}

TEST(Parse, does_not_ask_which_servers_exist_where_it_can_do_without) {
    auto never = [](const std::string&) { ADD_FAILURE() << "asked"; return false; };

    EXPECT_TRUE(parse({"web1", "start"}, never).has_value());
    EXPECT_TRUE(parse({"start", "web1"}, never).has_value());
    EXPECT_TRUE(parse({"list"}, never).has_value());
}

TEST(Parse, knows_the_verb_of_a_line_that_is_wrong_otherwise) {
    EXPECT_EQ(verb_of(words_of("web1 exec --bad ls"), exists)->id, VerbId::exec);
    EXPECT_EQ(verb_of(words_of("nonsense"), exists), nullptr);
}

}  // namespace
}  // namespace vs::cli
