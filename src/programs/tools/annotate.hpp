#pragma once
// Reports of procps with the context of each process put in. Pure: text in, text out.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "programs/tools/tool.hpp"

namespace vs::tools {

struct Place {
    std::string number;  ///< "0", "100", "4026532001", or "?"
    std::string name;    ///< "web1", or "-"
};
using PlaceOf = std::function<Place(int pid)>;

/// Every process that we see, by pid, and who asks for one that has come since.
class Places {
  public:
    static Result<Places> read();
    [[nodiscard]] Place of(int pid) const;
    [[nodiscard]] const std::vector<vserver_process>& processes() const { return processes_; }

  private:
    std::vector<vserver_process> processes_;
};

Place place_of(const vserver_process& process);
/// What `--ctx` names: a number, a name, or ALL.
bool is_in(const Place& place, const std::string& choice);

/// Puts CTX and NAME before each row of a report of ps or top: from the line that has PID as a title on. Lines before it, and
/// those whose column has no number, are left as they are. Only the first such line is one of titles: what stands in a row is the process's
/// own choice, and one that calls itself PID must not say where the numbers of the others are.
class Table {
  public:
    explicit Table(PlaceOf place_of, std::optional<std::string> only = std::nullopt) : place_of_(std::move(place_of)), only_(std::move(only)) {}
    /// nullopt: a row that is left out.
    std::optional<std::string> line(std::string_view text);
    /// Another report follows, with titles of its own.
    void begin() { end_of_pid_ = 0; }

  private:
    PlaceOf place_of_;
    std::optional<std::string> only_;
    std::size_t end_of_pid_ = 0;  ///< where the column PID ends; 0 before its title was seen
};

/// "name(17)" of pstree becomes "name(17 web1)" where the process is not in the main environment.
std::string annotate_tree(std::string_view text, const PlaceOf& place_of);

}  // namespace vs::tools
