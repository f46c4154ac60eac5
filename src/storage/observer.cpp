#include "storage/observer.hpp"

#include "base/text.hpp"
#include "sys/process.hpp"

namespace vs::storage {

void tell(const Observer& observer, std::string_view step) {
    if (observer.progress) observer.progress(base::escape_control(step));
}

Result<> check_cancelled(const Observer& observer) {
    if (observer.cancel == nullptr) return {};
    if (TRY(sys::wait_readable({*observer.cancel}, sys::Milliseconds(0)))) return fail(Code::failed, "interrupted");
    return {};
}

}  // namespace vs::storage
