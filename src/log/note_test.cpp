#include "log/note.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/dice.hpp"
#include "log/base64.hpp"
#include "log/machine.hpp"

namespace vs::log {
namespace {

const Seed kSeed(std::array<std::uint8_t, 32>{1, 2, 3});
const TreeHead kTree{"vserver/web1/00ff", 1234, leaf_hash("x")};

Checkpoint checkpoint() {
    return {.tree = kTree, .segment = 3, .index = 17, .from = 5, .until = 9, .boot = {0xab}, .boottime = 77, .next = kSeed.next().public_key()};
}

TEST(note, a_checkpoint_is_read_as_it_was_written) {
    auto text = signed_note(write_body(checkpoint()), kTree.origin, kSeed);
    auto note = read_note(text.text());
    ASSERT_TRUE(note.has_value());
    EXPECT_EQ(note->all, text.text());
    EXPECT_EQ(note->name, kTree.origin);
    EXPECT_TRUE(is_signed_by(*note, kSeed.public_key()));
    EXPECT_FALSE(is_signed_by(*note, kSeed.next().public_key()));
    auto again = read_checkpoint(note->body);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->index, 17U);
    EXPECT_EQ(again->tree.root, kTree.root);
    EXPECT_EQ(again->next, kSeed.next().public_key());
}

TEST(note, the_last_of_a_segment_names_no_key) {
    auto last = checkpoint();
    last.next.reset();
    const auto body = write_body(last);
    auto again = read_checkpoint(body.text());
    ASSERT_TRUE(again.has_value());
    EXPECT_FALSE(again->next.has_value());
}

TEST(note, an_opening_is_read_as_it_was_written) {
    const Opening opening{kTree, 4, 1000, 65536, 3, kSeed.branch().public_key(), kSeed.next().public_key()};
    const auto body = write_body(opening);
    auto again = read_opening(body.text());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->keep, 3U);
    EXPECT_EQ(again->first, opening.first);
    EXPECT_FALSE(read_checkpoint(write_body(opening).text()).has_value());
}

// The longest that can be: it fits.
TEST(note, the_longest_is_whole) {
    const std::string origin(kMostOrigin, 'x');
    auto longest = checkpoint();
    longest.tree = {origin, UINT64_MAX, kTree.root};
    longest.segment = longest.index = longest.from = longest.until = longest.boottime = UINT64_MAX;
    const auto text = signed_note(write_body(longest), origin, kSeed);
    auto note = read_note(text.text());
    ASSERT_TRUE(note.has_value());
    EXPECT_TRUE(read_checkpoint(note->body).has_value());
    const Opening opening{longest.tree, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, kSeed.public_key(), kSeed.public_key()};
    const auto opened = signed_note(write_body(opening), origin, kSeed);
    auto second = read_note(opened.text());
    ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(read_opening(second->body).has_value());
}

TEST(note, several_follow_each_other) {
    auto one = signed_note(write_body(checkpoint()), kTree.origin, kSeed);
    std::string both = std::string(one.text()) + std::string(one.text());
    auto first = read_note(both);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->all.size() * 2, both.size());
}

TEST(note, any_changed_byte_is_seen) {
    const std::string text(signed_note(write_body(checkpoint()), kTree.origin, kSeed).text());
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        auto note = read_note(changed);
        EXPECT_FALSE(note && is_signed_by(*note, kSeed.public_key()) && note->name == kTree.origin && read_checkpoint(note->body)) << i;
    }
}

TEST(note, there_is_one_spelling) {
    const std::string good(write_body(checkpoint()).text());
    for (auto [from, to] : {std::pair{"\n1234\n", "\n01234\n"}, {"time 5 9", "time 5  9"}, {"time 5 9", "time +5 9"}, {"boot ab", "boot AB"}, {"next ", "final\nnext "}}) {
        auto changed = good;
        changed.replace(changed.find(from), std::string_view(from).size(), to);
        EXPECT_FALSE(read_checkpoint(changed).has_value()) << to;
    }
}

TEST(base64, is_strict) {
    std::array<std::uint8_t, 2> two{};
    EXPECT_TRUE(read_base64("//8=", two));
    for (auto wrong : {"//9=", "//8", "//8==", "/=8=", "//8 ", "____"}) EXPECT_FALSE(read_base64(wrong, two)) << wrong;
}

// The step is a hash: nothing of an earlier seed is in a later one, and a signature of the one is none of the other.
TEST(seal, keys_go_on_and_differ) {
    EXPECT_NE(kSeed.next().bytes(), kSeed.branch().bytes());
    EXPECT_NE(kSeed.public_key(), kSeed.next().public_key());
    EXPECT_EQ(kSeed.next().next().public_key(), kSeed.next().next().public_key());
    EXPECT_FALSE(is_signature(kSeed.next().sign("text"), "text", kSeed.public_key()));
    EXPECT_TRUE(is_signature(kSeed.sign("text"), "text", kSeed.public_key()));
}

TEST(base64, writes_what_rfc_4648_has_and_reads_it_again) {
    for (auto [bytes, text] : {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}}) {
        const std::string_view plain(bytes), coded(text);
        std::string written(base64_size(plain.size()), '?');
        write_base64({reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size()}, written.data());
        EXPECT_EQ(written, coded);
        std::string read(plain.size(), '?');
        EXPECT_TRUE(read_base64(coded, {reinterpret_cast<std::uint8_t*>(read.data()), read.size()}));
        EXPECT_EQ(read, plain);
    }
}

TEST(base64, of_any_bytes_is_read_back_and_no_other_text_is_the_same_bytes) {
    base::Dice dice(1);
    for (int i = 0; i < 2000; ++i) {
        std::vector<std::uint8_t> bytes(1 + dice.below(40)), read(bytes.size());
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(dice.any());
        std::string text(base64_size(bytes.size()), '?');
        write_base64(bytes, text.data());
        ASSERT_TRUE(read_base64(text, read));
        ASSERT_EQ(read, bytes);
        const auto other = dice.damage(text);
        EXPECT_FALSE(other != text && read_base64(other, read) && read == bytes) << text << " and " << other;
    }
}

// The example of the documentation of golang.org/x/mod/sumdb/note, whose format C2SP made its own.
TEST(note, of_somebody_elses_program_is_read_and_its_signature_holds) {
    constexpr std::string_view kKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const std::string text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
                             "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const auto key = VerificationKey::parse(kKey);
    ASSERT_TRUE(key);
    const auto longer = text + "more";
    const auto note = read_note(longer);
    ASSERT_TRUE(note);
    EXPECT_EQ(note->all, text);
    EXPECT_EQ(note->name, key->name);
    EXPECT_TRUE(is_signed_by(*note, key->key));
    auto other = *note;
    other.key_id[3] ^= 1;
    EXPECT_FALSE(is_signed_by(other, key->key)) << "another key's number";
    other = *note;
    other.name = "PeterNewmann";
    EXPECT_FALSE(is_signed_by(other, key->key)) << "another name's number";
    other = *note;
    other.body.remove_suffix(1);
    EXPECT_FALSE(is_signed_by(other, key->key));
}

TEST(note, what_is_not_one_is_none) {
    const std::string good(signed_note(write_body(checkpoint()), kTree.origin, kSeed).text());
    const auto blank = good.find("\n\n"), mark = good.find(kSignatureMark), last = good.rfind(' ');
    auto without = [&](std::size_t at, std::size_t count) { return std::string(good).erase(at, count); };
    auto with = [&](std::size_t at, std::string_view text) { return std::string(good).insert(at, text); };
    ASSERT_TRUE(read_note(good));
    for (const auto& bad : {std::string(), good.substr(0, blank + 1), good.substr(0, good.size() - 1), without(blank, 1), without(mark, kSignatureMark.size()), without(mark, 1), without(last, 1),
                            with(last, " "), with(good.size() - 1, "="), with(good.size() - 1, " "), without(good.size() - 2, 1), with(last + 1, "_"), "\n" + good.substr(blank + 2), good.substr(mark)})
        EXPECT_FALSE(read_note(bad) && is_signed_by(*read_note(bad), kSeed.public_key())) << bad;
    EXPECT_FALSE(read_note(std::string(kMostNote, 'x') + good)) << "no body is longer than a note";
    EXPECT_FALSE(read_note(good.substr(0, last + 1) + std::string(2 * kMostNote, 'A') + "\n"));
}

TEST(note, each_field_of_a_checkpoint_comes_back_and_no_line_is_free) {
    auto changed = checkpoint();
    const std::string body(write_body(changed).text());
    const auto read = read_checkpoint(body);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->tree.origin, kTree.origin);
    EXPECT_EQ(read->tree.size, 1234U);
    EXPECT_EQ(read->segment, 3U);
    EXPECT_EQ(read->from, 5U);
    EXPECT_EQ(read->until, 9U);
    EXPECT_EQ(read->boot, changed.boot);
    EXPECT_EQ(read->boottime, 77U);
    for (std::size_t at = 0, end = body.find('\n'); end != body.npos; at = end + 1, end = body.find('\n', at)) {
        EXPECT_FALSE(read_checkpoint(std::string(body).erase(at, end + 1 - at))) << "without line " << at;
        EXPECT_FALSE(read_checkpoint(std::string(body).insert(at, body.substr(at, end + 1 - at)))) << "with line " << at << " twice";
        EXPECT_FALSE(read_checkpoint(std::string(body).insert(end, " "))) << "a blank behind line " << at;
        EXPECT_FALSE(read_checkpoint(body.substr(0, end))) << "cut in line " << at;
    }
    EXPECT_FALSE(read_checkpoint(body + "more\n"));
    base::Dice dice(2);
    for (int i = 0; i < 2000; ++i) {
        const auto damaged = dice.damage(body);
        const auto again = read_checkpoint(damaged);
        EXPECT_TRUE(!again || write_body(*again).text() == damaged) << "what is read is what would be written";
    }
}

TEST(note, each_field_of_an_opening_comes_back_and_no_line_is_free) {
    const Opening opening{kTree, 4, 1000, 65536, 3, kSeed.branch().public_key(), kSeed.next().public_key()};
    const std::string body(write_body(opening).text());
    const auto read = read_opening(body);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->segment, 4U);
    EXPECT_EQ(read->bytes, 1000U);
    EXPECT_EQ(read->limit, 65536U);
    EXPECT_EQ(read->next, opening.next);
    EXPECT_EQ(read->tree.root, kTree.root);
    for (std::size_t at = 0, end = body.find('\n'); end != body.npos; at = end + 1, end = body.find('\n', at)) {
        EXPECT_FALSE(read_opening(std::string(body).erase(at, end + 1 - at))) << "without line " << at;
        EXPECT_FALSE(read_opening(std::string(body).insert(end, " "))) << "a blank behind line " << at;
        EXPECT_FALSE(read_opening(body.substr(0, end))) << "cut in line " << at;
    }
    for (auto [from, to] : {std::pair{" 1000 ", " 0x3e8 "}, {" 1000 ", " 01000 "}, {" 1000 ", " -1 "}, {" 1000 ", " 18446744073709551616 "}, {"first ", "First "}, {"segment 4", "segment  4"}}) {
        auto other = body;
        other.replace(other.find(from), std::string_view(from).size(), to);
        EXPECT_FALSE(read_opening(other)) << to;
    }
    EXPECT_FALSE(read_opening(write_body(checkpoint()).text()));
    const std::string origin(kMostOrigin + 1, 'x');
    auto longest = opening;
    longest.tree.origin = origin;
    EXPECT_FALSE(read_opening(write_body(longest).text())) << "a longer name than any log has";
}

TEST(note, text_that_does_not_fit_is_cut_and_runs_over_nothing) {
    NoteText text;
    for (int i = 0; i < 100; ++i) text.add("0123456789").add(std::uint64_t{UINT64_MAX}).add_hex(std::array<std::uint8_t, 3>{0x00, 0x0f, 0xff});
    EXPECT_EQ(text.text().size(), kMostNote);
    EXPECT_EQ(text.text().substr(0, 36), "012345678918446744073709551615000fff");
}

// RFC 8032, 7.1, test 1; and what a recorder of another version has to come to.
TEST(seal, signs_and_goes_on_as_everybody_does) {
    const Seed seed({0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
                     0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60});
    EXPECT_EQ(NoteText().add_hex(seed.public_key()).text(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    EXPECT_EQ(NoteText().add_hex(seed.sign("")).text(),
              "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    std::array<std::uint8_t, 32> counted{};
    for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<std::uint8_t>(i);
    EXPECT_EQ(NoteText().add_hex(Seed(counted).next().bytes()).text(), "6e109728c1612649fb3084ab7228e0428583af5699b91a6ca84643a866f7b5bb");
    EXPECT_EQ(NoteText().add_hex(Seed(counted).branch().bytes()).text(), "c9349728a307dc078ad8500b7cd8782c1dfd5b03c9b152853cabce8efc0a92d4");
    Seed wiped(counted);
    wiped.wipe();
    EXPECT_EQ(wiped.bytes(), (std::array<std::uint8_t, 32>{}));
}

}  // namespace
}  // namespace vs::log
