#include "guard/surveyor.hpp"

#include <fcntl.h>
#include <linux/mount.h>

#include "guard/surveyor_protocol.hpp"
#include "server/our_programs.hpp"
#include "server/prepare.hpp"
#include "storage/image.hpp"
#include "storage/sandbox.hpp"
#include "sys/content.hpp"
#include "sys/file.hpp"
#include "sys/mount.hpp"
#include "sys/xattr.hpp"

namespace vs::guard {

namespace {

constexpr std::size_t kLargestReport = std::size_t{1} << 30;

/// What the child gets, in the order of its descriptors.
struct Job {
    std::vector<sys::MountFd> trees;       ///< own layer, its image, volumes; or an image alone
    std::vector<std::string> arguments;
};

/// A read-only view in which the ids on disk are the surveyor's: its one capability reaches these files and no other.
Result<sys::MountFd> open_tree(const std::string& path) {
    auto mount = TRY(storage::mount_for_scratch_ids(TRY(sys::open_dir(sys::kHere, path))));
    constexpr std::uint64_t kHarmless = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    TRY(sys::set_attributes(mount, {.set = kHarmless}, sys::Recursion::this_mount));
    return mount;
}

/// The kernel's own notes, which only root of the host may read. The value is nobody's to choose but overlayfs's.
Result<OverlayMarks> marks_of(sys::FdRef file) {
    auto flag = [&](const char* name) -> Result<bool> { return TRY(sys::get_xattr(file, name)).has_value(); };
    OverlayMarks marks;
    marks.opaque = TRY(flag("trusted.overlay.opaque"));
    marks.metacopy = TRY(flag("trusted.overlay.metacopy"));
    marks.redirect = TRY(sys::get_xattr(file, "trusted.overlay.redirect")).value_or("");
    return marks;
}

/// The child has said that it sends a descriptor and waits.
Result<> answer(const sys::SocketFd& socket) {
    constexpr sys::Milliseconds kPatience{10'000};
    if (!TRY(sys::wait_readable({socket}, kPatience))) return fail(Code::timeout, "the surveyor asked without a question");
    auto file = TRY(sys::receive_fd(socket));
    return sys::send_message(socket, protocol::print_marks(TRY(marks_of(file))));
}

Result<sys::Fd> scratch_file(const storage::Store& store) { return sys::open_at(store.staging(), ".", O_TMPFILE | O_RDWR, 0600); }

storage::SandboxRequest request_for(const Job& job, const std::vector<sys::FdRef>& channels) {
    storage::SandboxRequest request;
    request.argv = {server::libexec_program("vserver-surveyor")};
    request.argv.insert(request.argv.end(), job.arguments.begin(), job.arguments.end());
    request.environment = server::program_environment();
    request.descriptors = channels;
    for (const auto& tree : job.trees) request.descriptors.emplace_back(tree);
    return request;
}

Result<Survey> run(const storage::Store& store, const Job& job, const SurveyOrders& orders) {
    auto order_file = TRY(scratch_file(store)), report = TRY(scratch_file(store));
    TRY(sys::write_all(order_file, print_orders(orders)));
    auto sockets = TRY(sys::make_socket_pair());
    auto request = request_for(job, {order_file, report, sockets.theirs});
    Result<> answered;
    request.on_line = [&](std::string_view line) {
        if (line == protocol::kQuestion && answered) answered = answer(sockets.ours);
    };
    auto result = TRY(storage::run_in_sandbox(request));
    TRY(std::move(answered));
    if (!result.status.success()) return fail(Code::failed, "the surveyor gave up: {}", result.reason());
    return parse_survey(TRY(protocol::read_whole(report, kLargestReport)));
}

}  // namespace

Result<Survey> survey_server(const storage::Store& store, const server::Server& server, const SurveyOrders& orders) {
    auto plan = TRY(server::plan_root(store, server));
    Job job;
    job.trees.push_back(TRY(open_tree(plan.server_dir + "/upper")));
    job.trees.push_back(TRY(open_tree(plan.images.front())));
    job.arguments.emplace_back(protocol::kLayered);
    for (const auto& volume : plan.volumes) {
        auto path = fmt::format("{}/volumes/{}", plan.server_dir, volume.directory);
        if (!TRY(sys::exists(sys::kHere, path))) continue;  // never started
        job.trees.push_back(TRY(open_tree(path)));
        job.arguments.push_back(volume.to);
    }
    return TRY_WITH(run(store, job, orders), "look at the files of '{}'", server.name.text());
}

Result<Survey> survey_fresh(const storage::Store& store, const server::Server& server, const SurveyOrders& orders) {
    auto plan = TRY(server::plan_root(store, server));
    auto own = TRY(sys::open_dir(sys::kHere, plan.server_dir + "/upper"));
    auto image = TRY(sys::open_dir(sys::kHere, plan.images.front()));
    return survey({{own, "", image}}, orders, marks_of);
}

Result<Survey> survey_image(const storage::Store& store, const std::string& image, const SurveyOrders& orders) {
    Job job;
    job.trees.push_back(TRY(open_tree(storage::image_tree(store, image))));
    job.arguments.emplace_back(protocol::kPlain);
    return TRY_WITH(run(store, job, orders), "look at the files of image '{}'", image);
}

}  // namespace vs::guard
