#pragma once
// Undo for a function that does several things and may fail between them: push the undo of each thing once it is done,
// call release() when all of it holds. The undos run last first. This is for what dies with the process anyway or is
// cheap to repeat; what must survive a kill is recorded in a journal instead.
//
// Threads: one owner. Fork: a child that must not undo calls release() or ends with _exit.

#include <functional>
#include <utility>
#include <vector>

namespace vs::base {

class UndoStack {
  public:
    UndoStack() = default;
    UndoStack(const UndoStack&) = delete;
    UndoStack& operator=(const UndoStack&) = delete;
    ~UndoStack() { undo(); }

    /// `step` must not fail; a failed undo is the step's own business to record.
    void push(std::function<void()> step) { steps_.push_back(std::move(step)); }

    /// Everything holds: forget the undos.
    void release() { steps_.clear(); }

    void undo() {
        while (!steps_.empty()) {
            auto step = std::move(steps_.back());
            steps_.pop_back();
            step();
        }
    }

  private:
    std::vector<std::function<void()>> steps_;
};

}  // namespace vs::base
