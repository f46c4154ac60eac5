// The room `storage` on a command line, for tests that kill it: storage-tool STATE VERB ... (VSERVER_LIBEXEC has vserver-unpack)
//
//     build FROM [PACKAGE ...]     prints the image's id
//     create NAME IMAGE            prints the server's number
//     destroy NAME | remove IMAGE | sweep | images | files NAME

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "storage/build.hpp"
#include "storage/server_root.hpp"
#include "sys/interrupts.hpp"

namespace {

using namespace vs;
using Words = std::vector<std::string>;

void say(const std::string& line) { std::puts(line.c_str()); }

Result<> build(const storage::Store& store, const Words& words) {
    auto interrupts = TRY(sys::Interrupts::block());
    auto source = TRY(storage::parse_source(words.at(0), {words.begin() + 1, words.end()}));
    const char* libexec = std::getenv("VSERVER_LIBEXEC");
    storage::BuildOptions options{libexec != nullptr ? libexec : "", {}, storage::BuildOptions::Cache::use};
    options.observer.cancel = &interrupts.fd();
    options.observer.progress = [](const std::string& step) { std::fprintf(stderr, "%s\n", step.c_str()); };
    auto image = TRY(storage::ensure_image(store, source, options));
    for (const auto& note : image.notes) std::fprintf(stderr, "note: %s\n", note.c_str());
    say(image.id);
    return {};
}

Result<> create(const storage::Store& store, const Words& words) {
    auto name = TRY(model::ServerName::parse(words.at(0)));
    auto record = TRY(storage::create_server(store, {name, words.at(1), {name.text(), "example.org", {}, {}}}));
    say(std::to_string(record.number.value));
    return {};
}

Result<> destroy(const storage::Store& store, const Words& words) {
    return storage::destroy_server(store, TRY(model::ServerName::parse(words.at(0))));
}

Result<> remove(const storage::Store& store, const Words& words) { return storage::remove_image(store, words.at(0), {}); }

Result<> sweep(const storage::Store& store, const Words&) {
    for (const auto& held : TRY(storage::sweep(store))) say("held: " + held);
    return {};
}

Result<> images(const storage::Store& store, const Words&) {
    for (const auto& image : TRY(storage::list_images(store)).whole) say(image.id + " " + image.os_name);
    return {};
}

Result<> files(const storage::Store& store, const Words& words) {
    for (const auto& path : TRY(storage::server_files(store, TRY(model::ServerName::parse(words.at(0)))))) say(path);
    return {};
}

Result<> run(const std::string& state, const std::string& verb, const Words& words) {
    static const std::map<std::string, Result<> (*)(const storage::Store&, const Words&)> kVerbs = {
        {"build", build}, {"create", create}, {"destroy", destroy}, {"remove", remove}, {"sweep", sweep}, {"images", images}, {"files", files}};
    auto store = TRY(storage::Store::open(state));
    return kVerbs.at(verb)(store, words);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    auto done = run(argv[1], argv[2], {argv + 3, argv + argc});
    if (done) return 0;
    std::fprintf(stderr, "storage-tool: %s\n", done.error().message().c_str());
    return base::exit_status(done.error().code);
}
