#include "server/prepare.hpp"

#include <fcntl.h>

#include "base/text.hpp"
#include "context/guest_profile.hpp"
#include "model/service_table_writer.hpp"
#include "server/our_programs.hpp"
#include "storage/image.hpp"
#include "sys/file.hpp"

namespace vs::server {

namespace {

using Strings = std::vector<std::string>;

// systemd(1), "container": what tells an init that it is not on bare metal. No caller's variable gets in.
const Strings kEnvironment = {"container=vserver", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=linux",
                              "HOME=/", "LANG=C.UTF-8"};

/// "/var/lib/x" as one file name.
std::string volume_directory(std::string_view path) {
    std::string out;
    for (char c : path) out += c == '/' ? "%2F" : c == '%' ? "%25" : std::string(1, c);
    return out;
}

std::vector<char*> pointers(const Strings& strings) {
    std::vector<char*> out;
    for (const auto& string : strings) out.push_back(const_cast<char*>(string.c_str()));
    out.push_back(nullptr);
    return out;
}

/// A pipe that holds the whole table and ends behind it.
Result<sys::Fd> table_pipe(const model::Settings& settings, Purpose purpose) {
    auto services = purpose == Purpose::maintenance ? std::vector<model::Service>{} : settings.services;
    constexpr std::chrono::seconds kGrace{10};
    auto table = TRY(model::write_service_table(services, kGrace));
    auto pipe = TRY(sys::make_pipe());
    TRY(sys::write_all(pipe.write, table));
    return std::move(pipe.read);
}

}  // namespace

struct PreparedInit::Strings {
    server::Strings guest_argv, fallback_argv, environment;
};

Result<RootPlan> plan_root(const storage::Store& store, const Server& server) {
    RootPlan plan;
    TRY(storage::read_image(store, server.record.image));
    plan.images = {storage::image_tree(store, server.record.image)};
    plan.server_dir = fmt::format("{}/servers/{}", store.path(), server.record.name.text());
    plan.first_id = server.record.number.first_id();
    plan.mounts = server.settings.mounts;
    plan.masks = server.settings.nesting ? Masks::none : Masks::standard;
    for (const auto& path : server.settings.volumes) plan.volumes.push_back({volume_directory(path), path});
    return plan;
}

Result<PreparedInit> PreparedInit::make(const Server& server, Purpose purpose) {
    PreparedInit prepared;
    prepared.strings_ = std::make_shared<Strings>();
    prepared.limits_ = TRY(prepare_limits(server.settings));
    prepared.strings_->environment = kEnvironment;
    prepared.strings_->guest_argv = {kGuestInit};
    prepared.strings_->fallback_argv = {"vserver-init"};
    prepared.try_guest_init_ = purpose == Purpose::service && server.settings.init != model::InitKind::services;
    if (purpose == Purpose::service && server.settings.init == model::InitKind::guest) return prepared;
    auto program = TRY(sys::open_at(sys::kHere, libexec_program("vserver-init"), O_PATH));
    prepared.program_ = TRY(sys::duplicate_high(program));
    prepared.table_ = TRY(table_pipe(server.settings, purpose));
    return prepared;
}

ChildPlan PreparedInit::child_plan(const Server& server, const NetworkPlan& network) const {
    ChildPlan plan;
    plan.own_network = !model::uses_host_network(network.kind);
    plan.scope_sockets = network.kind == model::NetworkKind::bind;
    plan.network_row = guest_row(network);
    plan.host_name = server.settings.host_name;
    plan.domain_name = server.settings.domain_name;
    plan.limits = limits_;
    plan.nice = server.settings.nice;
    plan.filter = context::guest_filter({.user_namespaces = server.settings.user_namespaces, .firewall = server.settings.firewall,
                                          .network_view = network.has_own_view()});
    plan.ceiling = {.capabilities = server.settings.capabilities, .new_privileges = context::NewPrivileges::allowed, .securebits = {}};
    if (try_guest_init_) plan.init_path = kGuestInit;
    plan.argv = pointers(strings_->guest_argv);
    plan.fallback_fd = program_.get();
    plan.fallback_argv = pointers(strings_->fallback_argv);
    plan.fallback_input = table_.get();
    plan.environment = pointers(strings_->environment);
    return plan;
}

}  // namespace vs::server
