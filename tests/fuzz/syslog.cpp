// What a server sends to its log sockets: all that is found in a message is a piece of it, and what was written by us is read again.

#include <cstdint>
#include <cstdlib>

#include "log/syslog.hpp"

namespace {

using namespace vs::log;

void must(bool good) {
    if (!good) std::abort();
}

bool lies_in(std::string_view piece, std::string_view whole) {
    return piece.empty() || (piece.data() >= whole.data() && piece.data() + piece.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    auto found = parse_syslog(bytes);
    for (auto piece : {found.time, found.host, found.tag, found.process, found.message_id, found.data, found.text}) must(lies_in(piece, bytes));
    must(!found.priority || *found.priority <= 191);
    must(found.time.size() < 256 && found.host.size() < 256 && found.tag.size() < 256 && found.process.size() < 256);
    SyslogHeader header{.time = std::string(found.time), .host = std::string(found.host), .tag = std::string(found.tag),
                        .process = std::string(found.process), .message_id = "", .data = "[a@1 b=\"" + escape_data(found.text) + "\"]"};
    auto written = write_syslog(header, "end");
    auto again = parse_syslog(written);
    must(again.priority == header.priority && again.text == "end" && again.data == header.data);
    return 0;
}
