#pragma once
// Under which numbers vserver-netview finds its descriptors, and what its arguments are.
//
//     vserver-netview NAME UID INODE
//
// NAME is for whoever looks at ps; INODE is that of PID/net/dev in its /proc for a process in the server's own network namespace.

namespace vs::netview {

enum Descriptor : int {
    kListening = 3,  ///< where the filters' listeners come in, one over each connection
    kProc = 4,       ///< a /proc of its own, which hides nobody; becomes the root of its paths
    kAway = 5,       ///< the network namespace with the other ends of the cables
    kReport = 6,     ///< socket of who starts it: gets what it cannot do, and is closed where it is ready
    kSibling = 6,    ///< instead of that, made by itself: a pidfd of the process that it stands in for
    kFirst = 7,      ///< from here on connections and listeners
};

/// What it begins its one message with, where it is not to be used.
inline constexpr char kCannot[] = "cannot ";

}  // namespace vs::netview
