// The bare floor of a start: what every program that makes a container must at least ask of the kernel, and nothing else.
//
//   floor ROOT PROGRAM     runs ROOT's PROGRAM as the init of new namespaces and returns its exit code
//   true                   (the same file, without arguments) is the program that exits at once
//   init                   (the same file, under this name) first writes the monotonic time in ns to /stamp
//
// Static, without allocation or output: no user namespace, network address, cgroup, seccomp list or journal.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOT_MADE = 125 };

static void must(long result) {
    if (result < 0) _exit(NOT_MADE);
}

static void enter_root(const char* root) {
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    must(mount(root, root, NULL, MS_BIND | MS_REC, NULL));
    must(chdir(root));
    must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
    must(syscall(SYS_pivot_root, ".", "."));
    must(umount2(".", MNT_DETACH));
    must(chdir("/"));
}

static void stamp(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int file = open("/stamp", O_WRONLY | O_TRUNC);
    if (dprintf(file, "%lld", now.tv_sec * 1000000000LL + now.tv_nsec) < 0) _exit(NOT_MADE);
}

int main(int count, char** arguments) {
    const char* name = strrchr(arguments[0], '/');
    if (name && !strcmp(name, "/init")) stamp();
    if (count < 3) return 0;
    struct clone_args clone = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
        .exit_signal = SIGCHLD,
    };
    const long child = syscall(SYS_clone3, &clone, sizeof clone);
    must(child);
    if (child == 0) {
        enter_root(arguments[1]);
        char* const words[] = {arguments[2], NULL};
        char* const nothing[] = {NULL};
        must(execve(words[0], words, nothing));
    }
    int status = 0;
    must(waitpid((pid_t)child, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_MADE;
}
