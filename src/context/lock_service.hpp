#pragma once
// The service that locks whoever asks: an ordinary user to the addresses that he was granted (model/grants.hpp), and any process that is
// locked already, root's too, to fewer of its own. It runs as root, once for each caller, and starts nothing.
//
// The asker is moved, as it is, into a group that has the lock: so it keeps its terminal, its own limits and everything that
// confines it, and gets nothing; where its old group has rules of its own, which it would leave, it is refused. All that is taken from it are words for addresses; who it is, and where, the kernel says. It cannot
// be anybody else meanwhile: its pid is held (sys::hold_pid).

#include "context/address_lock.hpp"
#include "model/grants.hpp"
#include "sys/fd.hpp"

namespace vs::context {

/// Answers one caller, who then has his lock or a sentence why not. An error is what kept us from answering.
Result<> serve_lock(sys::FdRef connection);

/// Pure. What a process that has `outer` may have of `wanted`: Code::denied unless it is all in `outer`. The loopback is the outer one's.
Result<AddressLock> narrow(const AddressLock& outer, AddressLock wanted, LoopbackKind loopback);
/// Pure. Code::denied unless every address is granted.
Result<> check_granted(const AddressLock& wanted, const model::Grant& grant);

}  // namespace vs::context
