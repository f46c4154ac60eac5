#pragma once
// What the caller may do to the namespaces that he is in.

#include "context/view.hpp"

namespace vs::context {

/// By CAP_SYS_ADMIN in effect, not by uid: root without it makes contexts as an ordinary user does.
Rights own_rights();

}  // namespace vs::context
