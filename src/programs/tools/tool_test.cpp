#include "programs/tools/tool.hpp"

#include <gtest/gtest.h>

namespace vs::tools {
namespace {

constexpr Option kOptions[] = {{"cap", "[!]CAP", "a capability"}, {"silent", "", "say nothing"}};
constexpr Tool kTool{Kind::runner, "thing", "COMMAND", "Does a thing.\n", kOptions};

constexpr Tool kWrapper{Kind::wrapper, "thing", "[OPTION OF ls]...", "Does a thing.\n", kOptions};

using Words = std::vector<std::string>;

/// argv as main gets it, which points into `words`.
std::vector<char*> argv_of(Words& words) {
    std::vector<char*> argv{const_cast<char*>("thing")};
    for (auto& word : words) argv.push_back(word.data());
    return argv;
}

Result<Line> read(Words words, const Tool& tool = kTool) {
    auto argv = argv_of(words);
    return parse(tool, static_cast<int>(argv.size()), argv.data());
}

TEST(ToolLine, options_end_at_the_command) {
    auto line = read({"--cap", "!chown", "--silent", "--cap=kill", "ls", "--silent", "-l"});
    ASSERT_TRUE(line);

    EXPECT_EQ(line->values("cap"), (Words{"!chown", "kill"}));
    EXPECT_EQ(line->value("cap"), "kill");
    EXPECT_TRUE(line->has("silent"));
    EXPECT_EQ(line->rest, (Words{"ls", "--silent", "-l"}));
}

TEST(ToolLine, two_dashes_end_the_options) {
    auto line = read({"--", "--silent"});
    ASSERT_TRUE(line);
    EXPECT_FALSE(line->has("silent"));
    EXPECT_EQ(line->rest, Words{"--silent"});
}

TEST(ToolLine, what_is_wrong_is_said_in_one_sentence) {
    EXPECT_EQ(read({"--sillent"}).error().message(), "there is no option '--sillent'; did you mean '--silent'?");
    EXPECT_EQ(read({"-x"}).error().message(), "there is no option '-x'; see 'thing --help'");
    EXPECT_EQ(read({"--cap"}).error().message(), "'--cap' needs [!]CAP");
    EXPECT_EQ(read({"--silent=1"}).error().message(), "'--silent' takes no value");
    EXPECT_FALSE(read({"-"}));
}

// A variable that a script has not set.
TEST(ToolLine, an_empty_value_is_no_value_and_an_empty_word_no_option) {
    for (const Words& words : {Words{"--cap", ""}, Words{"--cap="}, Words{"--cap", "", "ls"}}) EXPECT_EQ(read(words).error().message(), "'--cap' needs [!]CAP");
    auto line = read({"", "--silent"});
    ASSERT_TRUE(line);
    EXPECT_EQ(line->rest, (Words{"", "--silent"}));
}

TEST(ToolLine, a_value_may_look_like_anything) {
    auto line = read({"--cap", "--silent", "--cap==", "--cap=--", "ls"});
    ASSERT_TRUE(line);
    EXPECT_EQ(line->values("cap"), (Words{"--silent", "=", "--"}));
    EXPECT_FALSE(line->has("silent"));
    EXPECT_EQ(line->rest, Words{"ls"});
}

// vps hands on what is not its own, and its own options come first.
TEST(ToolLine, a_wrapper_takes_its_own_options_and_hands_on_the_rest) {
    struct Case {
        Words words, own, rest;
    };
    for (const auto& [words, own, rest] : {Case{{"aux"}, {}, {"aux"}}, Case{{"-ef", "--cap", "x"}, {}, {"-ef", "--cap", "x"}},
                                           Case{{"--cap", "x", "-ef"}, {"x"}, {"-ef"}}, Case{{"--cap=x", "--", "--cap", "y"}, {"x"}, {"--cap", "y"}},
                                           Case{{"--", "--cap"}, {}, {"--cap"}}, Case{{"--sort", "pid", "--silent"}, {}, {"--sort", "pid", "--silent"}},
                                           Case{{"--cap", "--", "--"}, {"--"}, {}}, Case{{}, {}, {}}}) {
        auto line = read(words, kWrapper);
        ASSERT_TRUE(line) << fmt::format("{}", fmt::join(words, " "));
        EXPECT_EQ(line->values("cap"), own);
        EXPECT_EQ(line->rest, rest);
    }
    EXPECT_EQ(read({"--cap"}, kWrapper).error().message(), "'--cap' needs [!]CAP");
    EXPECT_EQ(read({"--silent", "--cap"}, kWrapper).error().message(), "'--cap' needs [!]CAP");
    EXPECT_EQ(read({"--silent=yes"}, kWrapper).error().message(), "'--silent' takes no value");
}

TEST(ToolRun, bad_words_end_with_the_status_of_the_kind_and_help_is_no_run) {
    static int runs;
    runs = 0;
    auto run = [](const Line&) { return ++runs, 42; };
    auto status = [&](const Tool& tool, Words words) {
        auto argv = argv_of(words);
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const int ended = run_tool(tool, static_cast<int>(argv.size()), argv.data(), run);
        return fmt::format("{} out {} err {}", ended, testing::internal::GetCapturedStdout().empty() ? 0 : 1, testing::internal::GetCapturedStderr());
    };
    EXPECT_EQ(status(kTool, {"ls"}), "42 out 0 err ");
    EXPECT_EQ(runs, 1);
    for (const char* word : {"--help", "-h", "--version", "--complete"}) EXPECT_EQ(status(kTool, {word, "ls"}), "0 out 1 err ") << word;
    EXPECT_EQ(status(kTool, {"--nothing"}), "125 out 0 err thing: there is no option '--nothing'; see 'thing --help'\n");
    EXPECT_EQ(status({Kind::watcher, "thing", "", "", kOptions}, {"--cap"}), "2 out 0 err thing: '--cap' needs [!]CAP\n");
    EXPECT_EQ(status(kWrapper, {"--nothing"}), "42 out 0 err ");
    EXPECT_EQ(runs, 2);
}

TEST(ToolHelp, names_every_option) {
    const auto text = help(kTool);
    for (std::string_view word : {"Usage: thing COMMAND\n", "--cap [!]CAP", "--silent", "--help", "--version"})
        EXPECT_NE(text.find(word), std::string::npos) << word;
}

TEST(ToolCapabilities, are_added_and_taken_in_order) {
    EXPECT_EQ(with_capabilities(0, {"chown", "kill", "!CAP_CHOWN"}).value(), 1U << 5);
    EXPECT_EQ(with_capabilities(0, {"!nonsense"}).error().code, Code::usage);
    EXPECT_EQ(capability_words(0), "none");
    EXPECT_EQ(capability_words(~0ULL), "all");
    EXPECT_EQ(capability_words(~(1ULL << 12)), "all but net_admin");
    EXPECT_EQ(capability_words(1 << 5 | 1), "chown, kill");
}

TEST(Completion, has_every_option_and_completes_the_command_of_a_runner) {
    constexpr Option kSome[] = {{"ip", "IP", "an address"}, {"silent", "", "say nothing"}};
    const Tool runner{Kind::runner, "chbind", "", "", kSome}, watcher{Kind::watcher, "vps", "", "", kSome};
    const auto script = completion(runner);
    EXPECT_NE(script.find("'--help --version --ip --silent'"), std::string::npos) << script;
    EXPECT_NE(script.find("--no-value|--ip) (( ++at ))"), std::string::npos) << script;
    EXPECT_NE(script.find("complete -o default -F _chbind chbind\n"), std::string::npos);
    EXPECT_NE(script.find("_command_offset"), std::string::npos);
    EXPECT_EQ(completion(watcher).find("_command_offset"), std::string::npos);
}

}  // namespace
}  // namespace vs::tools
