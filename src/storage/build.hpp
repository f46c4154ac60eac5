#pragma once
// From a source to an image. A source that was built before is found by its key, so that the second server from it costs
// no more than its own directory.
//
//     auto store = TRY(storage::Store::open());
//     auto image = TRY(storage::ensure_image(store, source, {.libexec = libexec, .observer = observer}));
//     auto server = TRY(storage::create_server(store, {name, image.id, identity}));

#include <string>
#include <variant>
#include <vector>

#include "storage/image.hpp"
#include "storage/observer.hpp"

namespace vs::storage {

/// The running host's own packages, offline.
struct HostSource {
    std::vector<std::string> packages;  ///< beside the base system; each must be installed on the host
};
/// A Debian archive, by mmdebstrap and this machine's apt sources.
struct DebianSource {
    std::string suite;                  ///< empty: the host's own
    std::vector<std::string> packages;  ///< beside the base system
};
/// A tar archive, plain or compressed with gzip, xz or zstd.
struct TarSource {
    std::string file;
};
using Source = std::variant<HostSource, DebianSource, TarSource>;

/// "host", "debian", "debian:trixie" or the path of an archive (with a '/' or ending in .tar, .tar.gz, .tgz, .tar.xz, .txz,
/// .tar.zst). Code::usage otherwise, and for packages with an archive or a package name that cannot be one.
Result<Source> parse_source(std::string_view from, std::vector<std::string> packages);

struct BuildOptions {
    std::string libexec;  ///< where vserver-unpack is
    Observer observer;
    enum class Cache { use, refresh } cache = Cache::use;
};

/// The image of this source: an existing one, or a new one. Nothing is left where it fails or is cancelled.
Result<ImageRecord> ensure_image(const Store& store, const Source& source, const BuildOptions& options);

}  // namespace vs::storage
