#include "storage/tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

namespace vs::storage {

namespace {

constexpr std::size_t kBlockSize = 128 << 10;

std::string text_of(const char* text) { return text != nullptr ? text : ""; }

TarEntry::Kind kind_of(::archive_entry* entry) {
    if (::archive_entry_hardlink(entry) != nullptr) return TarEntry::Kind::hard_link;
    switch (::archive_entry_filetype(entry)) {
        case AE_IFREG: return TarEntry::Kind::regular;
        case AE_IFDIR: return TarEntry::Kind::directory;
        case AE_IFLNK: return TarEntry::Kind::symlink;
        case AE_IFIFO: return TarEntry::Kind::fifo;
        case AE_IFSOCK: return TarEntry::Kind::socket;
        case AE_IFCHR:
        case AE_IFBLK: return TarEntry::Kind::device;
        default: return TarEntry::Kind::unknown;
    }
}

std::vector<std::pair<std::string, std::string>> xattrs_of(::archive_entry* entry) {
    std::vector<std::pair<std::string, std::string>> out;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    ::archive_entry_xattr_reset(entry);
    while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
        out.emplace_back(text_of(name), std::string(static_cast<const char*>(value), size));
    return out;
}

std::uint64_t list_entries_of(::archive_entry* entry) {
    int count = ::archive_entry_acl_count(entry, ARCHIVE_ENTRY_ACL_TYPE_POSIX1E | ARCHIVE_ENTRY_ACL_TYPE_NFS4);
    return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

TarEntry describe(::archive_entry* entry) {
    TarEntry out;
    out.kind = kind_of(entry);
    out.name = text_of(::archive_entry_pathname(entry));
    out.target = text_of(out.kind == TarEntry::Kind::hard_link ? ::archive_entry_hardlink(entry) : ::archive_entry_symlink(entry));
    out.size = ::archive_entry_size(entry);
    out.mode = ::archive_entry_perm(entry) & 07777U;
    out.uid = ::archive_entry_uid(entry);
    out.gid = ::archive_entry_gid(entry);
    out.modification = {::archive_entry_mtime(entry), ::archive_entry_mtime_nsec(entry)};
    out.xattrs = xattrs_of(entry);
    out.lists = list_entries_of(entry);
    return out;
}

}  // namespace

void TarReader::Closer::operator()(::archive* handle) const { ::archive_read_free(handle); }

std::unexpected<Error> TarReader::failure() const {
    return fail(Code::failed, "the archive cannot be read: {}", text_of(::archive_error_string(handle_.get())));
}

Result<TarReader> TarReader::open(sys::FdRef fd) {
    TarReader reader{std::unique_ptr<::archive, Closer>(::archive_read_new())};
    ::archive* handle = reader.handle_.get();
    if (handle == nullptr) return fail(Code::failed, "libarchive is out of memory");
    int worst = ARCHIVE_OK;
    for (auto enable : {::archive_read_support_filter_gzip, ::archive_read_support_filter_xz, ::archive_read_support_filter_zstd,
                        ::archive_read_support_format_tar, ::archive_read_support_format_empty})
        worst = std::min(worst, enable(handle));
    if (worst != ARCHIVE_OK) return fail(Code::unsupported, "libarchive lacks a filter: {}", text_of(::archive_error_string(handle)));
    if (::archive_read_open_fd(handle, fd.get(), kBlockSize) != ARCHIVE_OK) return reader.failure();
    return reader;
}

Result<std::optional<TarEntry>> TarReader::next() {
    ::archive_entry* entry = nullptr;
    int status = ::archive_read_next_header(handle_.get(), &entry);
    if (status == ARCHIVE_EOF) return std::optional<TarEntry>();
    if (status != ARCHIVE_OK) return failure();  // a warning is a damaged header: nothing is guessed
    return std::optional(describe(entry));
}

Result<std::optional<TarReader::Block>> TarReader::next_block() {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    int status = ::archive_read_data_block(handle_.get(), &data, &size, &offset);
    if (status == ARCHIVE_EOF) return std::optional<Block>();
    if (status != ARCHIVE_OK) return failure();
    return std::optional(Block{{static_cast<const char*>(data), size}, offset});
}

}  // namespace vs::storage
