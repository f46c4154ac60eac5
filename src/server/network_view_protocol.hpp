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
    kSibling = 6,    ///< made by itself: a pidfd of the process that it stands in for
    kFirst = 7,      ///< from here on connections and listeners
};

}  // namespace vs::netview
