#pragma once
// How a context's first process becomes vserver-reaper, and what that tells. Shared with the program, which is freestanding.
//
//   vserver-reaper PID RECORD told|alone
//
// PID is the command's, RECORD a file to remove at the end or "". With `told`, descriptor 3 gets one Ending when the command
// has ended; who closes its other end before ends the command.

namespace vs::context::reaper {

inline constexpr int kStatusFd = 3;
inline constexpr char kTold[] = "told";
inline constexpr char kAlone[] = "alone";

struct Ending {
    int wait_status = 0;  ///< as wait(2) has it
    int empty = 0;        ///< 1: nothing else is left in the context, which ends now
};

}  // namespace vs::context::reaper
