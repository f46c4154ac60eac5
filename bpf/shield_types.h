/* The fields of the kernel's own types that the shield reads, found by name in the running kernel's BTF (CO-RE). */
#ifndef VSERVER_SHIELD_TYPES_H
#define VSERVER_SHIELD_TYPES_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
    __u32 val;
} kuid_t;

struct user_namespace {
    struct user_namespace *parent;
    kuid_t owner;
};
struct cred {
    struct user_namespace *user_ns;
};
struct signal_struct {
    unsigned int flags;
};
struct task_struct {
    unsigned int flags;
    unsigned int ptrace;
    const struct cred *real_cred;
    const struct cred *cred;
    struct signal_struct *signal;
};
struct super_block {
    __u32 s_dev;
    unsigned long s_magic;
};
struct inode {
    struct super_block *i_sb;
    unsigned long i_ino;
};
struct qstr {
    const unsigned char *name;
};
struct dentry {
    struct dentry *d_parent;
    struct qstr d_name;
    struct inode *d_inode;
};
struct vfsmount {
    struct super_block *mnt_sb;
};
struct path {
    struct dentry *dentry;
};
struct fown_struct {};
struct fown_struct___6_12 {
    struct file *file;
};
struct file {
    unsigned int f_mode;
    struct inode *f_inode;
    struct path f_path;
    struct fown_struct f_owner;
    const struct cred *f_cred;
};
struct linux_binprm {
    struct file *file;
};
struct bpf_map {
    char name[16];
};
struct kernel_siginfo {};

#pragma clang attribute pop

#endif
