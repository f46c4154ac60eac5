// build, delete, images

#include <algorithm>

#include "base/text.hpp"
#include "cli/build_plan.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/select.hpp"
#include "guard/scan.hpp"
#include "model/paths.hpp"
#include "server/build.hpp"
#include "server/mount_view.hpp"
#include "server/our_programs.hpp"
#include "sys/interrupts.hpp"
#include "sys/process.hpp"

namespace vs::cli {

namespace {

/// The directory of the programs that a build starts.
std::string libexec_directory() {
    auto program = server::libexec_program("vserver-unpack");
    return program.substr(0, program.rfind('/'));
}

Result<> refuse_taken_name(const model::ServerName& name) {
    auto taken = TRY(server::find_name(name.text()));
    if (taken) return fail(Code::busy, "there is a server '{0}' already: give this one another name, or delete it (vserver {0} delete)", taken->text());
    return {};
}

Result<std::string> image_for(const storage::Store& store, const BuildPlan& plan, const sys::Interrupts& interrupts) {
    if (!plan.source) return TRY_WITH(storage::read_image(store, plan.settings.image), "there is no such image ('vserver images' lists them)").id;
    Progress progress(fmt::format("building '{}'", plan.name.text()));
    storage::BuildOptions options;
    options.libexec = libexec_directory();
    options.observer.progress = [&](const std::string& step) { progress.step(step); };
    options.observer.cancel = &interrupts.fd();
    auto image = TRY(storage::ensure_image(store, *plan.source, options));
    return image.id;
}

Result<storage::ServerRecord> build_planned(const storage::Store& store, BuildPlan plan, const sys::Interrupts& interrupts) {
    TRY(storage::sweep(store));
    plan.settings.image = TRY(image_for(store, plan, interrupts));
    if (TRY(sys::wait_readable({interrupts.fd()}, sys::Milliseconds(0)))) return fail(Code::failed, "interrupted");
    return server::build_server(store, {plan.name, plan.settings});
}

/// The server is there whether this works or not.
Result<> begin_watch(const storage::Store& store, const model::ServerName& name) {
    auto server = server::load_server(store, name.text());
    auto begun = server ? guard::begin_watch(store, *server) : Result<>(std::unexpected<Error>(server.error()));
    TRY_WITH(std::move(begun), "'{0}' is built and can be started, but what it is like was not noted, so its scans will be UNKNOWN: mend this, delete '{0}' and build it again", name.text());
    return {};
}

Result<int> describe_build(const BuildPlan& plan) {
    TRY(refuse_taken_name(plan.name));
    auto settings = plan.settings;
    if (plan.source) settings.image = "made-from-source";
    print(plan.source ? fmt::format("image: from {}, unless there is one of the same already\n", plan.from)
                      : fmt::format("image: {}\n", settings.image));
    print(fmt::format("files: a directory of its own below {}\n", model::paths::kServers));
    print(fmt::format("settings: {}\n\n{}", server::settings_path(plan.name), model::print_settings(settings, plan.name)));
    return 0;
}

Result<std::vector<ImageUse>> uses_of(const storage::Store& store, std::vector<storage::ImageRecord> images) {
    auto servers = TRY(storage::list_servers(store));
    std::vector<ImageUse> uses;
    for (auto& image : images) {
        ImageUse use{std::move(image), {}};
        for (const auto& server : servers)
            if (server.image == use.image.id) use.servers.push_back(server.name.text());
        uses.push_back(std::move(use));
    }
    return uses;
}

Result<int> list_images(const storage::Store& store, const Invocation& line) {
    auto images = TRY(storage::list_images(store));
    auto uses = TRY(uses_of(store, std::move(images.whole)));
    const int worst = complain_of(images.damaged);
    if (line.has(Opt::json)) {
        print(json_images(uses, images.damaged));
        return worst;
    }
    Table table({{"IMAGE"}, {"SIZE", Align::right}, {"CREATED"}, {"SERVERS", Align::right}, {"SOURCE"}});
    for (const auto& use : uses)
        table.add({use.image.id, base::format_size(use.image.bytes), use.image.created, std::to_string(use.servers.size()),
                   base::escape_control(use.image.source)});
    table.print();
    return worst;
}

/// The images that settings name; a server's record may still name another one.
Result<std::vector<std::string>> images_in_settings(const storage::Store& store) {
    std::vector<std::string> ids;
    for (const auto& name : TRY(server::list_names())) {
        auto server = server::load_server(store, name.text());
        if (server) ids.push_back(server->settings.image);
    }
    return ids;
}

Result<int> remove_images(const storage::Store& store, const Invocation& line) {
    if (line.arguments.size() < 2) return fail(Code::usage, "say which image: vserver images remove ID...");
    auto in_use = TRY(images_in_settings(store));
    int worst = 0;
    for (std::size_t i = 1; i < line.arguments.size(); ++i) {
        auto removed = storage::remove_image(store, line.arguments[i], in_use);
        if (removed) print(fmt::format("{}: removed\n", line.arguments[i]));
        else complain(removed.error()), worst = std::max(worst, base::exit_status(removed.error().code));
    }
    return worst;
}

Result<std::string> delete_one(const storage::Store& store, const Invocation& line, const model::ServerName& name) {
    auto existing = TRY(server::find_with_remains(store, name.text()));
    if (line.has(Opt::dry_run)) return std::string("would be deleted, with its files, settings and console log");
    if (!line.has(Opt::yes) && !confirmed(fmt::format("Delete '{}' and everything in it?", existing.text()))) return std::string("kept");
    TRY_WITH(server::unmount_view(existing, std::nullopt), "cannot delete '{}'", existing.text());
    TRY_WITH(server::delete_server(store, existing), "cannot delete '{}'", existing.text());
    return std::string("deleted");
}

}  // namespace

Result<int> build(const Invocation& line) {
    auto plan = TRY(plan_build(line));
    if (line.has(Opt::dry_run)) return describe_build(plan);
    TRY(refuse_taken_name(plan.name));
    auto store = TRY(storage::Store::open());
    auto interrupts = TRY(sys::Interrupts::block());
    auto record = TRY_WITH(build_planned(store, std::move(plan), interrupts), "cannot build '{}'", line.names[0].text());
    print(fmt::format("{}: built (context {}, image {})\n", record.name.text(), record.number.context(), record.image));
    TRY(finish_output());  // a Ctrl-C that came too late ends us when `interrupts` does
    TRY(begin_watch(store, record.name));
    return 0;
}

Result<int> delete_servers(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    return for_each_server(store, line, [&](const model::ServerName& name) { return delete_one(store, line, name); });
}

Result<int> images(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    auto what = line.arguments.empty() ? "list" : line.arguments[0];
    if (what == "remove") return remove_images(store, line);
    if (what == "list" && line.arguments.size() <= 1) return list_images(store, line);
    return fail(Code::usage, "unexpected '{}': vserver images {}", line.arguments.back(), line.verb->arguments);
}

}  // namespace vs::cli
