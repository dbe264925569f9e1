/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The few kernel structs that the probes read, with only the fields that they read. Offsets are relocated
 * against the running kernel's BTF when the probes are loaded (CO-RE), so neither order nor completeness
 * matters here. Field names: Linux 5.13 to 6.18. */
#ifndef DOVEWATCH_KERNEL_TYPES_H
#define DOVEWATCH_KERNEL_TYPES_H

#include <linux/bpf.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
    __u32 val;
} kuid_t;

struct inode {
    unsigned short i_mode;
    kuid_t i_uid;
};

struct dentry {
    unsigned char d_iname[32];
};

/* Linux 6.14 and later. */
struct shortname_store___6_14 {
    unsigned char string[32];
};
struct dentry___6_14 {
    struct shortname_store___6_14 d_shortname;
};

struct path {
    struct dentry* dentry;
};

struct file {
    struct inode* f_inode;
    struct path f_path;
};

struct mm_struct {
    struct file* exe_file;
    unsigned long arg_start;
    unsigned long arg_end;
};

struct cred {
    kuid_t uid;
    kuid_t euid;
};

struct task_struct {
    __s32 pid;
    __s32 tgid;
    char comm[16];
    int exit_code;
    __u64 start_boottime;
    struct mm_struct* mm;
    struct task_struct* real_parent;
    struct task_struct* group_leader;
    const struct cred* cred;
};

struct linux_binprm {
    struct file* file;
};

#pragma clang attribute pop

#endif
