/* The shield: what a process outside of a server may not do to one inside, root included (docs/decisions/shield.md).
 *
 * Who is inside is told by the user namespace: every process of a server is in the server's own or in one below it, and those are owned
 * by ids of the server. Nobody gets in or out but through setns(2), which is judged here; a control group one can be moved out of.
 *
 * Who may nevertheless is told by a mark: a task has it from executing one of our programs and gives it to what it forks, and the
 * next exec takes it away. */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "shield.h"
#include "shield_types.h"

#define EPERM 1
#define SIGKILL 9
#define SIGTERM 15
#define SIG_SYSTEMD_POWER_OFF 38 /* SIGRTMIN+4 of the C library */
#define SIGNAL_UNKILLABLE 0x40   /* of process 1 of a PID namespace; include/linux/sched/signal.h */
#define PF_KTHREAD 0x00200000
#define FMODE_WRITE 2
#define CAP_SYS_ADMIN 21
#define CGROUP2_MAGIC 0x63677270
#define BPF_FS_MAGIC 0xcafe4a11
#define NAMESPACE_DEPTH 34 /* the kernel allows 32 below the first */
#define GROUP_DEPTH 64     /* a server may make 32 levels */

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct shield_setup);
} setup SEC(".maps");

/* Servers that are private, by their number. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, SHIELD_SERVERS);
    __type(key, __u32);
    __type(value, __u8);
} shield_private SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, __u32);
} marks SEC(".maps");

#define RULE static __always_inline

/* ------------------------------------------------------------------------------------------------------ who is who */

RULE struct task_struct *self(void) { return bpf_get_current_task_btf(); }

RULE __u32 mark_of(struct task_struct *task) {
    __u32 *mark = bpf_task_storage_get(&marks, task, 0, 0);
    return mark ? *mark : SHIELD_PLAIN;
}

/* The outermost user namespace of the server that `ns` is in; 0 for the host's own. */
RULE struct user_namespace *server_of(struct user_namespace *ns) {
    struct user_namespace *found = 0;
    for (int i = 0; i < NAMESPACE_DEPTH && ns; i++) {
        __u32 owner = BPF_CORE_READ(ns, owner.val);
        if (owner - SHIELD_FIRST_ID < SHIELD_SERVERS << SHIELD_ID_BITS) found = ns;
        ns = BPF_CORE_READ(ns, parent);
    }
    return found;
}

RULE struct user_namespace *server_of_task(struct task_struct *task) { return server_of(task->real_cred->user_ns); }

RULE int is_private(struct user_namespace *server) {
    __u32 number = (BPF_CORE_READ(server, owner.val) - SHIELD_FIRST_ID) >> SHIELD_ID_BITS;
    __u8 *flag = bpf_map_lookup_elem(&shield_private, &number);
    return flag && *flag;
}

static long note_private(void *map, const __u32 *number, const __u8 *flag, __u32 *found) {
    if (*flag) *found = 1;
    return *found;
}

/* While a private server runs, root's means to reach it by way of the kernel, and to take the shield away, are refused too. */
RULE int any_private(void) {
    __u32 found = 0;
    bpf_for_each_map_elem(&shield_private, note_private, &found, 0);
    return found;
}

/* To the processes of one server all but its own and the door are outside; a private one's door is closed. */
RULE int is_refused(struct user_namespace *server) {
    if (!server || server_of_task(self()) == server) return 0;
    return mark_of(self()) != SHIELD_DOOR || is_private(server);
}

RULE int judge(struct user_namespace *server) { return is_refused(server) ? -EPERM : 0; }

/* ---------------------------------------------------------------------------------------------------------- the mark */

RULE __u32 mark_of_program(struct inode *inode) {
    __u32 zero = 0;
    struct shield_setup *fixed = bpf_map_lookup_elem(&setup, &zero);
    if (!fixed) return SHIELD_PLAIN;
    __u64 number = inode->i_ino;
    __u32 device = inode->i_sb->s_dev;
    for (int i = 0; i < SHIELD_PROGRAMS; i++)
        if (fixed->programs[i].inode == number && fixed->programs[i].device == device) return fixed->programs[i].mark;
    return SHIELD_PLAIN;
}

/* Not for one that is traced, for then it does what its tracer wants; nor inside of another user namespace. */
RULE __u32 mark_for(struct linux_binprm *bprm) {
    if (self()->ptrace || self()->cred->user_ns->parent) return SHIELD_PLAIN;
    return mark_of_program(bprm->file->f_inode);
}

SEC("lsm/bprm_committed_creds")
int BPF_PROG(mark_program, struct linux_binprm *bprm) {
    __u32 mark = mark_for(bprm);
    if (mark == SHIELD_PLAIN) {
        bpf_task_storage_delete(&marks, self());
        return 0;
    }
    __u32 *own = bpf_task_storage_get(&marks, self(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (own) *own = mark;
    return 0;
}

SEC("lsm/task_alloc")
int BPF_PROG(hand_mark_on, struct task_struct *child) {
    __u32 mark = mark_of(self());
    if (mark == SHIELD_PLAIN) return 0;
    __u32 *own = bpf_task_storage_get(&marks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (own) *own = mark;
    return 0;
}

/* ----------------------------------------------------------------------------------------------- signals and the like */

/* Ending a private server is not entering it: its first process may be told to, and killed. */
RULE int ends_server(struct task_struct *task, int signal) {
    if (mark_of(self()) != SHIELD_DOOR || !(task->signal->flags & SIGNAL_UNKILLABLE)) return 0;
    return signal == SIGKILL || signal == SIGTERM || signal == SIG_SYSTEMD_POWER_OFF;
}

SEC("lsm/task_kill")
int BPF_PROG(guard_signal, struct task_struct *task, struct kernel_siginfo *info, int signal) {
    return is_refused(server_of_task(task)) && !ends_server(task, signal) ? -EPERM : 0;
}

/* The file whose owner is signalled (F_SETOWN); from Linux 6.12 on the owner knows it. */
RULE struct file *file_of(struct fown_struct *owner) {
    struct fown_struct___6_12 *later = (void *)owner;
    if (bpf_core_field_exists(later->file)) return BPF_CORE_READ(later, file);
    return (void *)owner - bpf_core_field_offset(struct file, f_owner);
}

/* This comes whenever the file has something, in whatever task: what counts is who opened the file. */
SEC("lsm/file_send_sigiotask")
int BPF_PROG(guard_file_signal, struct task_struct *task, struct fown_struct *owner) {
    struct user_namespace *server = server_of_task(task);
    return server && server_of(BPF_CORE_READ(file_of(owner), f_cred, user_ns)) != server ? -EPERM : 0;
}

/* A limit of processor time kills as well. */
SEC("lsm/task_setrlimit")
int BPF_PROG(guard_limits, struct task_struct *task) { return judge(server_of_task(task)); }

SEC("lsm/task_setscheduler")
int BPF_PROG(guard_scheduler, struct task_struct *task) { return judge(server_of_task(task)); }

SEC("lsm/task_setnice")
int BPF_PROG(guard_nice, struct task_struct *task) { return judge(server_of_task(task)); }

SEC("lsm/task_setioprio")
int BPF_PROG(guard_io_priority, struct task_struct *task) { return judge(server_of_task(task)); }

/* ------------------------------------------------------------------------------------------------ tracing and entering */

/* ptrace, process_vm_readv, process_madvise, pidfd_getfd, kcmp, setns by pidfd, and /proc/PID: mem, environ, fd, root, cwd, exe, ns. Nobody
 * but the door traces the door, or a keeper. */
SEC("lsm/ptrace_access_check")
int BPF_PROG(guard_trace, struct task_struct *task) {
    if (is_refused(server_of_task(task))) return -EPERM;
    return mark_of(task) != SHIELD_PLAIN && mark_of(self()) != SHIELD_DOOR ? -EPERM : 0;
}

/* setns(2) asks for this in the namespace's own user namespace, however its descriptor was come by. */
SEC("lsm/capable")
int BPF_PROG(guard_namespace, const struct cred *cred, struct user_namespace *ns, int capability) {
    if (capability != CAP_SYS_ADMIN || self()->flags & PF_KTHREAD) return 0;
    return judge(server_of(ns));
}

/* ------------------------------------------------------------------------------------------------------ control groups */

static const union shield_name kKill = {"cgroup.kill"}, kFreeze = {"cgroup.freeze"}, kPins = {"vserver-shield"}, kPrivate = {"shield_private"};

RULE union shield_name name_of(struct dentry *dentry) {
    union shield_name name = {};
    bpf_probe_read_kernel_str(&name, sizeof name, BPF_CORE_READ(dentry, d_name.name));
    return name;
}

RULE int are_same(const union shield_name *one, const union shield_name *other) {
    return one->word[0] == other->word[0] && one->word[1] == other->word[1] && one->word[2] == other->word[2];
}

/* Files that end or stop every process of a group and of those below it. */
RULE int ends_processes(struct dentry *file) {
    union shield_name name = name_of(file);
    return are_same(&name, &kKill) || are_same(&name, &kFreeze);
}

RULE int is_above(const struct shield_setup *fixed, struct dentry *group) {
    __u64 id = BPF_CORE_READ(group, d_inode, i_ino);
    for (int i = 0; i < SHIELD_ABOVE; i++)
        if (fixed->above[i] == id) return 1;
    return 0;
}

/* A file or a group of a server, whichever; or a file that reaches servers from above. */
RULE int is_of_server(struct dentry *thing) {
    __u32 zero = 0;
    struct shield_setup *fixed = bpf_map_lookup_elem(&setup, &zero);
    if (!fixed) return 1;
    struct dentry *at = thing, *above = BPF_CORE_READ(thing, d_parent);
    if (is_above(fixed, above)) return ends_processes(thing);
    for (int i = 0; i < GROUP_DEPTH && at != above; i++) {
        union shield_name name = name_of(above);
        if (are_same(&name, &fixed->root)) {
            union shield_name own = name_of(at);
            return at == thing ? ends_processes(thing) : own.text[0] != '.'; /* .keepers and .contexts are no servers */
        }
        at = above;
        above = BPF_CORE_READ(above, d_parent);
    }
    return 0;
}

/* A server's root writes to its own groups as their owners let it; the door of a private one still ends it by cgroup.kill. */
RULE int is_outsider(void) { return mark_of(self()) != SHIELD_DOOR && !server_of_task(self()); }

SEC("lsm/file_open")
int BPF_PROG(guard_file, struct file *file) {
    if (!(file->f_mode & FMODE_WRITE)) return 0;
    struct inode *inode = file->f_inode;
    if (inode->i_sb->s_magic == CGROUP2_MAGIC) return is_outsider() && is_of_server(file->f_path.dentry) ? -EPERM : 0;
    return mark_of_program(inode) != SHIELD_PLAIN && any_private() ? -EPERM : 0;
}

RULE int is_pin(struct dentry *dentry) {
    union shield_name name = name_of(dentry), above = name_of(BPF_CORE_READ(dentry, d_parent));
    return are_same(&name, &kPins) || are_same(&above, &kPins);
}

SEC("lsm/inode_rmdir")
int BPF_PROG(guard_group, struct inode *parent, struct dentry *group) {
    __u64 magic = parent->i_sb->s_magic;
    if (magic == CGROUP2_MAGIC) return is_outsider() && is_of_server(group) ? -EPERM : 0;
    return magic == BPF_FS_MAGIC && is_pin(group) && any_private() ? -EPERM : 0;
}

/* ------------------------------------------------------------------------------------------ while a private server runs */

SEC("lsm/inode_unlink")
int BPF_PROG(guard_pin, struct inode *parent, struct dentry *pin) {
    return parent->i_sb->s_magic == BPF_FS_MAGIC && is_pin(pin) && any_private() ? -EPERM : 0;
}

SEC("lsm/inode_rename")
int BPF_PROG(guard_pin_name, struct inode *from, struct dentry *pin) {
    return from->i_sb->s_magic == BPF_FS_MAGIC && is_pin(pin) && any_private() ? -EPERM : 0;
}

SEC("lsm/sb_umount")
int BPF_PROG(guard_pin_mount, struct vfsmount *mount) {
    return mount->mnt_sb->s_magic == BPF_FS_MAGIC && any_private() ? -EPERM : 0;
}

/* Who may say which servers are private. */
SEC("lsm/bpf_map")
int BPF_PROG(guard_map, struct bpf_map *map) {
    union shield_name name = {};
    bpf_probe_read_kernel(&name, sizeof map->name, map->name);
    return are_same(&name, &kPrivate) && mark_of(self()) != SHIELD_DOOR && any_private() ? -EPERM : 0;
}

/* Programs that see or change what tasks do; those of sockets and control groups stay allowed. */
SEC("lsm/bpf")
int BPF_PROG(guard_bpf, int command, union bpf_attr *attributes) {
    if (command != BPF_PROG_LOAD) return 0;
    __u32 type = 0;
    bpf_probe_read_kernel(&type, sizeof type, &attributes->prog_type);
    switch (type) {
        case BPF_PROG_TYPE_KPROBE:
        case BPF_PROG_TYPE_TRACEPOINT:
        case BPF_PROG_TYPE_PERF_EVENT:
        case BPF_PROG_TYPE_RAW_TRACEPOINT:
        case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
        case BPF_PROG_TYPE_TRACING:
        case BPF_PROG_TYPE_STRUCT_OPS:
        case BPF_PROG_TYPE_EXT:
        case BPF_PROG_TYPE_LSM:
        case BPF_PROG_TYPE_SYSCALL: return any_private() ? -EPERM : 0;
        default: return 0;
    }
}

/* /dev/mem, /proc/kcore, kexec, kprobes, unsigned modules, reading the kernel from BPF: all that kernel_lockdown(7) names. */
SEC("lsm/locked_down")
int BPF_PROG(guard_kernel, int what) { return any_private() ? -EPERM : 0; }

char LICENSE[] SEC("license") = "GPL";
