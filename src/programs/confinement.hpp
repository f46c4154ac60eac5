#pragma once
// How a program that reads what a stranger wrote shuts itself off, before it reads the first byte.

#include <vector>

#include "context/filter.hpp"
#include "model/capability_set.hpp"
#include "sys/fd.hpp"

namespace vs::programs {

struct Confinement {
    model::CapabilitySet capabilities;      ///< what is left
    std::vector<sys::FdRef> readable;       ///< trees; nothing else can be opened (Landlock)
    std::uint64_t largest_file = 0;         ///< that it can write
    const context::FilterProgram& filter;
};
/// For good. After a failure nobody may go on. The root directory is the caller's business.
Result<> confine(const Confinement& confinement);

}  // namespace vs::programs
