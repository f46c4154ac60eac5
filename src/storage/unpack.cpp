#include "storage/unpack.hpp"

#include "storage/tar_reader.hpp"
#include "storage/tree_writer.hpp"

namespace vs::storage {

namespace {

constexpr std::uint64_t kProgressEvery = 500;
constexpr std::size_t kShownName = 80;

class Unpacker {
  public:
    Unpacker(const UnpackRequest& request, TarReader& reader)
        : request_(request), reader_(reader), writer_(request.root), budget_(request.limits) {}

    Result<UnpackReport> run() {
        while (auto entry = TRY(reader_.next())) {
            TRY(budget_.take_entry());
            if (request_.progress && budget_.entries() % kProgressEvery == 0) request_.progress(budget_.entries());
            TRY_WITH(place(*entry), "entry '{}'", entry->name.substr(0, kShownName));
        }
        if (budget_.entries() == 0) return fail(Code::failed, "the archive is empty");
        TRY_WITH(writer_.finish(), "finish the directories");
        report_.entries = budget_.entries();
        report_.bytes = budget_.bytes();
        return report_;
    }

  private:
    Result<> place(const TarEntry& entry) {
        auto path = TRY(entry_path(entry.name));
        NodeAttributes attributes{entry.mode, TRY(entry_owner(entry.uid)), TRY(entry_owner(entry.gid)), entry.modification, {}};
        keep_xattrs(entry, attributes);
        switch (entry.kind) {
            case TarEntry::Kind::directory: return writer_.directory(path, std::move(attributes));
            case TarEntry::Kind::fifo: return writer_.fifo(path, attributes);
            case TarEntry::Kind::symlink: TRY(check_link_target(entry.target)); return writer_.symlink(path, entry.target, attributes);
            case TarEntry::Kind::hard_link: return copy_linked(path, entry.target);
            case TarEntry::Kind::regular: return write_regular(path, entry, attributes);
            case TarEntry::Kind::device: ++report_.devices; return {};
            case TarEntry::Kind::socket: ++report_.sockets; return {};
            case TarEntry::Kind::unknown: break;
        }
        return fail(Code::failed, "its type is unknown");
    }

    void keep_xattrs(const TarEntry& entry, NodeAttributes& attributes) {
        report_.xattrs += entry.lists;
        for (const auto& [name, value] : entry.xattrs) {
            auto kept = kept_xattr(name, value);
            if (kept) attributes.xattrs.emplace_back(name, std::move(*kept));
            else ++report_.xattrs;
        }
    }

    /// A second name becomes a second file: one with two links is refused by cron and joined by cp -a.
    Result<> copy_linked(const std::string& path, const std::string& target) {
        auto shown = target.substr(0, kShownName);
        auto from = TRY_WITH(entry_path(target), "hard link to '{}'", shown);
        TRY(budget_.take_bytes(TRY_WITH(writer_.regular_size(from), "hard link to '{}'", shown)));
        return writer_.copy(path, from);
    }

    Result<> write_regular(const std::string& path, const TarEntry& entry, const NodeAttributes& attributes) {
        TRY(budget_.take_bytes(entry.size));
        auto file = TRY(writer_.create(path));
        TRY(file.set_length(static_cast<std::uint64_t>(entry.size)));
        while (auto block = TRY(reader_.next_block())) {
            bool inside = block->offset >= 0 && block->offset <= entry.size &&
                          static_cast<std::int64_t>(block->data.size()) <= entry.size - block->offset;
            if (!inside) return fail(Code::failed, "its data does not fit its size of {} bytes", entry.size);
            TRY(file.write(block->data, static_cast<std::uint64_t>(block->offset)));
        }
        return file.finish(attributes);
    }

    const UnpackRequest& request_;
    TarReader& reader_;
    TreeWriter writer_;
    UnpackBudget budget_;
    UnpackReport report_;
};

}  // namespace

Result<UnpackReport> unpack(const UnpackRequest& request) {
    auto reader = TRY(TarReader::open(request.archive));
    return Unpacker(request, reader).run();
}

}  // namespace vs::storage
