#pragma once
// The system calls that are left to vserver-netview.

#include "context/filter.hpp"

namespace vs::netview {

/// Whatever else it asks for, and a socket of another kind, is EPERM.
extern const context::FilterProgram kFilter;

}  // namespace vs::netview
