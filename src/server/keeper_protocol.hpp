#pragma once
// Under which numbers a keeper finds its descriptors, and what its arguments are. The recorder has those before kFirstOwn too. The
// keeper has no library of C++.
//
//     vserver-keeper NAME GENERATION parent|adopted VSERVER RECORDER RECORDER-UID SEGMENT-BYTES SEGMENTS RECORDS-A-SECOND BYTES-A-SECOND

namespace vs::keeper {

enum Descriptor : int {
    kConsole = 3,       ///< master of the console
    kLogDir = 4,
    kRecorderLock = 5,
    kConsoleSlave = 6,
    kInit = 7,          ///< pidfd
    kLogSocket = 8,     ///< these as in server/log_sockets.hpp
    kJournalSocket = 9,
    kStreamSocket = 10,
    kNoteSocket = 11,
    kKeptIn = 12,
    kKeptOut = 13,
    kKeeperLock = 14,
    kRoot = 15,
    kRunDir = 16,
    kRecorder = 17,     ///< pidfd of a recorder that runs already; may be closed
    kReport = 18,       ///< socket of a start that waits for one of the words below; may be closed
    kView = 19,         ///< and the next two, of its network view (keeper.hpp): only held; may be closed
    kLeftBehind = 22,   ///< and the next: mount namespaces of a start, for us to close when it waits no more; may be closed
    kLast = 23,
};
inline constexpr int kFirstOwn = kKeeperLock;  ///< what the recorder does not get

/// What a start is told: that the recorder has begun, or that it cannot.
inline constexpr char kRunning[] = "running";
inline constexpr char kNoRecorder[] = "no recorder";

/// How an init ended, as the argument of `vserver --init-ended`: these words, "exit N" or "signal N".
inline constexpr const char* kReboot = "reboot";
inline constexpr const char* kHalt = "halt";
inline constexpr const char* kUnknown = "unknown";

}  // namespace vs::keeper
