#pragma once
// How vserver talks: results on standard output, everything else on standard error. Text of a guest is escaped before it
// gets here (base::escape_control).

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace vs::cli {

void print(std::string_view text);
/// "vserver: " and the sentence.
void complain(const Error& error);
void remark(std::string_view sentence);
/// Everything has been written; an error where it could not be (a full disk behind a redirection).
Result<> finish_output();

enum class Align { left, right };
struct Column {
    std::string title;
    Align align = Align::left;
};
/// Rows under titles, each column as wide as its widest cell. Nothing is ever cut.
class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    enum class Titles { plain, bold };
    [[nodiscard]] std::string text(Titles titles) const;
    /// Prints it, titles in bold on a terminal unless NO_COLOR says otherwise.
    void print() const;

  private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

/// "12d 3h", "3h 20m", "5m 7s", "7s".
std::string format_age(std::chrono::seconds age);

/// The steps of something long, as one line on a terminal. Silent elsewhere.
class Progress {
  public:
    explicit Progress(std::string what);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress();
    void step(const std::string& text);

  private:
    std::string what_;
    bool on_terminal_ = false;
    bool shown_ = false;
};

/// Asks on a terminal; true without asking where there is none.
bool confirmed(const std::string& question);

}  // namespace vs::cli
