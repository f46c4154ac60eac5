// vserver-stat(8): see cli/run.hpp.

#include "cli/run.hpp"

int main(int argc, char** argv) { return vs::cli::run_stat({argv + 1, argv + argc}); }
