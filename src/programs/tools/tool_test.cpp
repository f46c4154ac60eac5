#include "programs/tools/tool.hpp"

#include <gtest/gtest.h>

namespace vs::tools {
namespace {

constexpr Option kOptions[] = {{"cap", "[!]CAP", "a capability"}, {"silent", "", "say nothing"}};
constexpr Tool kTool{Kind::runner, "thing", "COMMAND", "Does a thing.\n", kOptions};

Result<Line> read(std::vector<std::string> words) {
    std::vector<char*> argv{const_cast<char*>("thing")};
    for (auto& word : words) argv.push_back(word.data());
    return parse(kTool, static_cast<int>(argv.size()), argv.data());
}

using Words = std::vector<std::string>;

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
