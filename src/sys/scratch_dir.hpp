#pragma once
// A directory for one unit test: its own, and removed with everything in it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "sys/file.hpp"
#include "sys/tree.hpp"

namespace vs::sys {

class ScratchDir {
  public:
    ScratchDir() {
        char pattern[] = "/tmp/vserver-test-XXXXXX";
        path_ = ::mkdtemp(pattern);
        dir_ = open_dir(kHere, path_).value();
    }
    ~ScratchDir() { EXPECT_TRUE(remove_tree(open_dir(kHere, "/tmp").value(), path_.substr(path_.rfind('/') + 1))); }
    ScratchDir(const ScratchDir&) = delete;
    ScratchDir& operator=(const ScratchDir&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
    [[nodiscard]] const DirFd& dir() const { return dir_; }

    void make_dir(const std::string& name, unsigned mode = 0755) const { ASSERT_TRUE(make_dirs(path(name), mode)); }
    void write(const std::string& name, const std::string& content) const {
        const auto slash = name.rfind('/');  // npos + 1 is 0
        const auto parent = open_dir(dir_, slash == std::string::npos ? "." : name.substr(0, slash)).value();
        ASSERT_TRUE(replace_file(parent, name.substr(slash + 1), content, 0600, Durability::volatile_));
    }
    [[nodiscard]] std::string read(const std::string& name) const { return read_file(dir_, name).value_or(""); }
    [[nodiscard]] bool has(const std::string& name) const { return exists(dir_, name).value(); }

  private:
    std::string path_;
    DirFd dir_;
};

}  // namespace vs::sys
