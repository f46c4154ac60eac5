// In the programs of the build with sanitizers: a finding is a file in /tmp, which the audit of the system tests reports, and a
// status that nothing else has. Leaks are looked for in the unit tests only: it takes a process that traces this one and
// needs /proc, which a filter refuses, or a root of our own making does not have.

extern "C" const char* __asan_default_options() { return "detect_leaks=0:exitcode=99:log_path=/tmp/vserver-sanitizer"; }
extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1"; }
