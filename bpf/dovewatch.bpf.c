/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The kernel probes: exec, exit and title of Dovecot's session processes. What is not Dovecot's, and what
 * tells nothing new, is dropped here, so that user space wakes for news alone. */
#include "kernel_types.h"
#include "probe_event.h"
#include <asm/ptrace.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <stdbool.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define NAME_SIZE 16
#define SET_ID_BITS 06000
#define WRITABLE_BY_OTHERS 022

/* Set by user space before loading. */
const volatile __u32 master_uid = 0;
const volatile __u32 lda_uid_count = 0;
const volatile __u32 lda_uids[DW_LDA_UIDS_MAX] = {};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 8 << 20);
} events SEC(".maps");

/* For the next daemon; the probes do not look at it. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct dw_setup);
} setup SEC(".maps");

/* A new master may bring a new library, which wants its probe before the first login: its events pass beside
 * those that may wait for a batch. */
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 64 << 10);
} masters SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct dw_process);
} processes SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, DW_COUNTERS);
    __type(key, __u32);
    __type(value, __u64);
} counters SEC(".maps");

static __always_inline void count(__u32 counter) {
    __u64* value = bpf_map_lookup_elem(&counters, &counter);
    if (value)
        (*value)++;
}

/* BPF has no memcmp to call, and clang expands the builtin for some sizes only. */
static __always_inline bool same_bytes(const char* a, const char* b, __u32 size) {
    char difference = 0;
#pragma unroll
    for (__u32 i = 0; i < size; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

/* The literal's NUL is compared too, so that a longer name is not taken for a shorter one. */
#define IS_NAME(name, literal) same_bytes(name, literal, sizeof(literal))

/* Names of the programs are shorter than a dentry's inline name, so the pointer to a long one, which would
 * need bpf_probe_read_kernel (forbidden under lockdown), is never followed. */
static __always_inline bool read_name(struct dentry* dentry, char name[NAME_SIZE]) {
    if (!dentry)
        return false;
    if (bpf_core_field_exists(dentry->d_iname))
        __builtin_memcpy(name, dentry->d_iname, NAME_SIZE);
    else
        __builtin_memcpy(name, ((struct dentry___6_14*)dentry)->d_shortname.string, NAME_SIZE);
    return true;
}

static __always_inline __u8 role_of(const char name[NAME_SIZE]) {
    if (IS_NAME(name, "imap"))
        return DW_ROLE_IMAP;
    if (IS_NAME(name, "pop3"))
        return DW_ROLE_POP3;
    if (IS_NAME(name, "lmtp"))
        return DW_ROLE_LMTP;
    if (IS_NAME(name, "dovecot"))
        return DW_ROLE_MASTER;
    if (IS_NAME(name, "dovecot-lda"))
        return DW_ROLE_LDA;
    if (IS_NAME(name, "submission"))
        return DW_ROLE_SUBMISSION;
    if (IS_NAME(name, "managesieve"))
        return DW_ROLE_MANAGESIEVE;
    if (IS_NAME(name, "imap-hibernate"))
        return DW_ROLE_HIBERNATE;
    return DW_ROLE_NONE;
}

/* Only the administrator can have made this file. */
static __always_inline bool is_root_owned(struct file* file) {
    struct inode* inode = file->f_inode;
    if (!inode)
        return false;
    __u32 owner = inode->i_uid.val;
    return (owner == 0 || owner == master_uid) && !(inode->i_mode & WRITABLE_BY_OTHERS);
}

/* A program with a set-id bit runs with the right effective uid for anybody, under any name (su through a
 * symbolic link named dovecot), so its children prove nothing. */
static __always_inline bool is_set_id(struct file* file) {
    struct inode* inode = file->f_inode;
    return !inode || (inode->i_mode & SET_ID_BITS);
}

static __always_inline bool has_master_uid(struct task_struct* task) {
    const struct cred* cred = task->cred;
    return cred && cred->euid.val == master_uid;
}

static __always_inline bool is_master(struct task_struct* task) {
    char name[NAME_SIZE];

    if (!task)
        return false;
    __builtin_memcpy(name, task->comm, NAME_SIZE);
    if (!IS_NAME(name, "dovecot") || !has_master_uid(task))
        return false;
    struct mm_struct* mm = task->mm;
    if (!mm)
        return false;
    struct file* file = mm->exe_file;
    if (!file || !is_root_owned(file) || is_set_id(file))
        return false;
    return read_name(file->f_path.dentry, name) && IS_NAME(name, "dovecot");
}

/* dovecot-lda may be set-uid root, so the real uid tells who runs it. */
static __always_inline bool may_deliver(struct task_struct* task) {
    const struct cred* cred = task->cred;
    if (!cred)
        return false;
    __u32 uid = cred->uid.val;
    if (uid == 0)
        return true;
    for (__u32 i = 0; i < DW_LDA_UIDS_MAX; i++)
        if (i < lda_uid_count && lda_uids[i] == uid)
            return true;
    return false;
}

static __always_inline bool is_admitted(struct task_struct* task, struct file* file, __u8 role) {
    if (!is_root_owned(file))
        return false;
    if (role == DW_ROLE_LDA)
        return may_deliver(task);
    if (is_set_id(file))
        return false;
    if (role == DW_ROLE_MASTER)
        return has_master_uid(task);
    return is_master(task->real_parent);
}

static __always_inline void fill_event(struct dw_probe_event* event, struct task_struct* task, __u8 kind,
                                       struct dw_process* process) {
    event->boot_ns = bpf_ktime_get_boot_ns();
    event->start_ns = task->start_boottime;
    event->pid = task->tgid;
    event->parent_pid = process->parent_pid;
    event->reserved = 0;
    event->exit_status = 0;
    event->text_size = 0;
    event->kind = kind;
    event->role = process->role;
    event->size = sizeof(*event);
    event->flags = process->flags;
    __builtin_memset(event->padding, 0, sizeof(event->padding));
}

struct long_event {
    struct dw_probe_event event;
    char text[DW_TEXT_MAX + 1];
};

/* Cut to its used size only in `text_size`: a reserved record keeps its length. Rare: lda, long titles. */
static __always_inline void pass_argv(struct task_struct* task, struct dw_process* process) {
    struct long_event* record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
    if (!record)
        return count(DW_COUNT_LOST_EXEC_RING);
    fill_event(&record->event, task, DW_EVENT_EXEC, process);
    struct mm_struct* mm = task->mm;
    __u64 start = mm ? mm->arg_start : 0;
    __u64 size = mm ? mm->arg_end - start : 0;
    if (size > DW_TEXT_MAX)
        size = DW_TEXT_MAX;
    if (bpf_probe_read_user(record->text, size, (const void*)start) == 0)
        record->event.text_size = (__u16)size;
    else
        count(DW_COUNT_LOST_ARGV_READ);
    bpf_ringbuf_submit(record, 0);
}

static __always_inline void pass_bare(void* ring, struct task_struct* task, struct dw_process* process,
                                      __u8 kind, int exit_status) {
    struct dw_probe_event* event = bpf_ringbuf_reserve(ring, sizeof(*event), 0);
    if (!event)
        return count(kind == DW_EVENT_EXIT ? DW_COUNT_LOST_EXIT_RING : DW_COUNT_LOST_EXEC_RING);
    fill_event(event, task, kind, process);
    event->exit_status = exit_status;
    bpf_ringbuf_submit(event, 0);
}

static __always_inline __u8 flags_of_master(struct task_struct* parent) {
    struct dw_process* master = bpf_task_storage_get(&processes, parent, NULL, 0);
    return master && master->role == DW_ROLE_MASTER ? master->flags : 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct* task, int old_pid, struct linux_binprm* bprm) {
    char name[NAME_SIZE];
    struct file* file = bprm->file;

    if (!file || !read_name(file->f_path.dentry, name))
        return 0;
    __u8 role = role_of(name);
    if (role == DW_ROLE_NONE)
        return 0;
    if (!is_admitted(task, file, role)) {
        count(DW_COUNT_EXEC_REFUSED);
        return 0;
    }
    count(DW_COUNT_EXEC_ADMITTED);
    if (role == DW_ROLE_MASTER) {
        struct dw_process master = {.role = DW_ROLE_MASTER, .parent_pid = task->real_parent->tgid};
        pass_bare(&masters, task, &master, DW_EVENT_EXEC, 0);
        return 0;
    }
    struct dw_process* process = bpf_task_storage_get(&processes, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!process) {
        count(DW_COUNT_LOST_STORAGE);
        return 0;
    }
    process->role = role;
    process->parent_pid = task->real_parent->tgid;
    process->base_size = 0;
    process->shows_base = 0;
    process->flags = flags_of_master(task->real_parent);
    if (role == DW_ROLE_LDA)
        pass_argv(task, process);
    else
        pass_bare(&events, task, process, DW_EVENT_EXEC, 0);
    return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct* task) {
    if (task->pid != task->tgid)
        return 0;
    struct dw_process* process = bpf_task_storage_get(&processes, task, NULL, 0);
    if (!process || process->role == DW_ROLE_MASTER)
        return 0;
    count(DW_COUNT_EXIT_PASSED);
    pass_bare(&events, task, process, DW_EVENT_EXIT, task->exit_code);
    return 0;
}

struct short_event {
    struct dw_probe_event event;
    char text[DW_TITLE_COMPARED + 1];
};

#define IS_TEXT(text, size, literal)                                                                         \
    ((size) == sizeof(literal) - 1 && same_bytes(text, literal, sizeof(literal) - 1))

static __always_inline bool ends_with(const char* text, __u32 size, const char* suffix, __u32 suffix_size) {
    if (size < suffix_size || size > DW_TITLE_COMPARED)
        return false;
    for (__u32 i = 0; i < suffix_size; i++)
        if (text[(size - suffix_size + i) & 0xff] != suffix[i])
            return false;
    return true;
}
#define ENDS_WITH(text, size, literal) ends_with(text, size, literal, sizeof(literal) - 1)

/* Longest address: 45 characters (RFC 4291 with an IPv4 tail). */
#define PEER_MAX 46

/* lmtp: only "[PEER DATA USER]" (2.3) and "[DATA PEER USER]" (2.2) name who gets the mail. */
static __always_inline bool is_delivery(const char* text) {
    if (same_bytes(text, "[DATA ", 6))
        return true;
    for (__u32 i = 1; i < PEER_MAX; i++)
        if (text[i] == ' ')
            return same_bytes(text + i, " DATA ", 6);
    return false;
}

static __always_inline bool same_text(const char* one, const char* other) {
    for (__u32 i = 0; i < DW_TITLE_COMPARED; i++) {
        if (one[i] != other[i])
            return false;
        if (one[i] == '\0')
            return true;
    }
    return true;
}

static __always_inline bool is_about_base(const struct dw_process* process, const char* text) {
    __u32 size = process->base_size;
    if (size == 0 || size > DW_TITLE_COMPARED)
        return false;
    for (__u32 i = 0; i < DW_TITLE_COMPARED; i++) {
        if (i == size)
            return text[i] == ' ' || text[i] == ']';
        if (text[i] != process->base[i])
            return false;
    }
    return false;
}

/* Steps between two titles of interest. */
static __always_inline bool is_interlude(const char* text, __u32 size) {
    return size == 0 || IS_TEXT(text, size, "[initializing]") || IS_TEXT(text, size, "[auth lookup]") ||
           IS_TEXT(text, size, "[post-login script]");
}

static __always_inline void remember_base(struct dw_process* process, const char* text, __u32 size) {
    __u32 tail = 1;
    if (process->role == DW_ROLE_SUBMISSION && ENDS_WITH(text, size, " GREETING]"))
        tail = sizeof(" GREETING]") - 1;
    process->base_size = text[0] == '[' && ENDS_WITH(text, size, "]") ? size - tail : 0;
    process->shows_base = process->base_size > 0;
    __builtin_memcpy(process->base, text, sizeof(process->base));
}

/* A user, an address or a state that the last title did not show. What a client makes of it with the names
 * of its commands stays behind the base, which was written before the client's first command. */
static __always_inline bool is_news(struct dw_process* process, const char* text, __u32 size) {
    if (process->role == DW_ROLE_LMTP)
        return is_delivery(text);
    if (is_interlude(text, size))
        return false;
    if (IS_TEXT(text, size, "[waiting on client]"))
        process->flags |= DW_FLAG_STAGED;
    bool shown = process->shows_base;
    if (ENDS_WITH(text, size, " (deinit)]") || IS_TEXT(text, size, "[idling]")) {
        process->shows_base = 0;
        return true;
    }
    if (is_about_base(process, text)) {
        process->shows_base = 1;
        return !shown;
    }
    remember_base(process, text, size);
    return true;
}

/* What was lost is news still: the next title about it must pass. */
static __always_inline void lose_title(struct dw_process* process, __u32 counter) {
    process->base_size = 0;
    process->shows_base = 0;
    count(counter);
}

static __always_inline void pass_long_title(struct task_struct* task, struct dw_process* process,
                                            const char* title) {
    struct long_event* record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
    if (!record)
        return lose_title(process, DW_COUNT_LOST_TITLE_RING);
    fill_event(&record->event, task, DW_EVENT_TITLE, process);
    long size = bpf_probe_read_user_str(record->text, sizeof(record->text), title);
    if (size < 1) {
        bpf_ringbuf_discard(record, 0);
        return lose_title(process, DW_COUNT_LOST_TITLE_READ);
    }
    record->event.text_size = (__u16)(size - 1);
    bpf_ringbuf_submit(record, 0);
    count(DW_COUNT_TITLE_PASSED);
}

static __always_inline void see_title(struct task_struct* task, struct dw_process* process, const char* title,
                                      struct short_event* record, __u32 size) {
    if (size >= DW_TITLE_COMPARED) {
        process->shows_base = 0;
        return pass_long_title(task, process, title);
    }
    if (!is_news(process, record->text, size))
        return count(DW_COUNT_TITLE_UNCHANGED);
    fill_event(&record->event, task, DW_EVENT_TITLE, process);
    record->event.text_size = (__u16)size;
    if (bpf_ringbuf_output(&events, record, sizeof(record->event) + size, 0) == 0)
        count(DW_COUNT_TITLE_PASSED);
    else
        lose_title(process, DW_COUNT_LOST_TITLE_RING);
}

SEC("uprobe")
int BPF_KPROBE(on_title, const char* title) {
    struct task_struct* task = bpf_get_current_task_btf();
    struct dw_process* process = bpf_task_storage_get(&processes, task, NULL, 0);
    if (!process || process->role == DW_ROLE_LDA || (process->flags & DW_FLAG_BY_SWITCH))
        return 0;

    struct short_event record = {};
    long read = bpf_probe_read_user_str(record.text, sizeof(record.text), title);
    if (read < 1) {
        lose_title(process, DW_COUNT_LOST_TITLE_READ);
        return 0;
    }
    see_title(task, process, title, &record, (__u32)read - 1);
    return 0;
}

/* The formats of Dovecot's logging functions for the end of a session; the second is of 2.2. */
#define FORMAT_SIZE 24
static __always_inline bool is_logout_format(const char* format) {
    char text[FORMAT_SIZE] = {};
    if (bpf_probe_read_user_str(text, sizeof(text), format) < 1)
        return false;
    return IS_NAME(text, "Disconnected: %s %s") || IS_NAME(text, "%s %s");
}

static __always_inline bool logs_logouts(__u8 role) {
    return role == DW_ROLE_IMAP || role == DW_ROLE_POP3 || role == DW_ROLE_SUBMISSION ||
           role == DW_ROLE_HIBERNATE;
}

static __always_inline void pass_long_logout(struct task_struct* task, struct dw_process* process,
                                             const char* reason, const char* statistics, __u8 flags) {
    struct long_event* record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
    if (!record)
        return count(DW_COUNT_LOST_LOGOUT_RING);
    long reason_size = bpf_probe_read_user_str(record->text, DW_REASON_MAX + 1, reason);
    if (reason_size < 1 || reason_size > DW_REASON_MAX + 1) {
        bpf_ringbuf_discard(record, 0);
        return count(DW_COUNT_LOST_LOGOUT_READ);
    }
    long size = bpf_probe_read_user_str(record->text + reason_size, DW_TEXT_MAX - DW_REASON_MAX, statistics);
    if (size < 1) {
        bpf_ringbuf_discard(record, 0);
        return count(DW_COUNT_LOST_LOGOUT_READ);
    }
    fill_event(&record->event, task, DW_EVENT_LOGOUT, process);
    record->event.flags |= flags;
    record->event.text_size = (__u16)(reason_size + size - 1);
    bpf_ringbuf_submit(record, 0);
    count(DW_COUNT_LOGOUT_PASSED);
}

/* Both parts with their NUL; what is longer goes the long way. */
#define SHORT_REASON 64
#define SHORT_STATISTICS 192

static __always_inline int see_logout(const char* format, const char* reason, const char* statistics,
                                      __u8 flags) {
    struct task_struct* task = bpf_get_current_task_btf();
    struct dw_process* process = bpf_task_storage_get(&processes, task, NULL, 0);
    if (!process || !logs_logouts(process->role) || !is_logout_format(format))
        return 0;

    struct short_event record = {};
    long reason_size = bpf_probe_read_user_str(record.text, SHORT_REASON, reason);
    if (reason_size < 1 || reason_size >= SHORT_REASON) {
        pass_long_logout(task, process, reason, statistics, flags);
        return 0;
    }
    long size = bpf_probe_read_user_str(record.text + reason_size, SHORT_STATISTICS, statistics);
    if (size < 1 || size >= SHORT_STATISTICS) {
        pass_long_logout(task, process, reason, statistics, flags);
        return 0;
    }
    fill_event(&record.event, task, DW_EVENT_LOGOUT, process);
    record.event.flags |= flags;
    __u32 text_size = (__u32)(reason_size + size - 1);
    record.event.text_size = (__u16)text_size;
    if (bpf_ringbuf_output(&events, &record, sizeof(record.event) + text_size, 0) == 0)
        count(DW_COUNT_LOGOUT_PASSED);
    else
        count(DW_COUNT_LOST_LOGOUT_RING);
    return 0;
}

/* i_info(format, ...) */
SEC("uprobe")
int BPF_KPROBE(on_info, const char* format, const char* reason, const char* statistics) {
    return see_logout(format, reason, statistics, 0);
}

/* The sixth argument, which libbpf 1.1 has no macro for. */
#if defined(__TARGET_ARCH_x86)
#define SIXTH_ARGUMENT(ctx) ((ctx)->r9)
#elif defined(__TARGET_ARCH_arm64)
#define SIXTH_ARGUMENT(ctx) (((const struct user_pt_regs*)(ctx))->regs[5])
#else
#error "which register holds a function's sixth argument?"
#endif

/* e_info(event, source file, source line, format, ...). */
SEC("uprobe")
int BPF_KPROBE(on_event_info, void* event, const char* file, int line, const char* format,
               const char* reason) {
    return see_logout(format, reason, (const char*)SIXTH_ARGUMENT(ctx), DW_FLAG_E_INFO);
}

/* "dovecot/NAME " or "dovecot-INSTANCE/NAME " stands before the title. */
#define ARGV0_MAX 64

/* For masters in whose library the title function cannot be found: a process that waits has set its title
 * before. It shows one title at many switches, so a delivery counts when the title turns into it. */
SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct* task) {
    if (preempt)
        return 0;
    struct dw_process* process = bpf_task_storage_get(&processes, task, NULL, 0);
    if (!process || !(process->flags & DW_FLAG_BY_SWITCH) || process->role == DW_ROLE_MASTER ||
        process->role == DW_ROLE_LDA)
        return 0;
    struct mm_struct* mm = task->mm;
    if (!mm)
        return 0;
    const char* argv0 = (const char*)mm->arg_start;
    char head[ARGV0_MAX] = {};
    if (bpf_probe_read_user_str(head, sizeof(head), argv0) < 1)
        return 0;
    __u32 offset = 0;
    for (__u32 i = 0; i < ARGV0_MAX && offset == 0; i++)
        if (head[i] == ' ')
            offset = i + 1;
    if (offset == 0)
        return 0;

    struct short_event record = {};
    long read = bpf_probe_read_user_str(record.text, sizeof(record.text), argv0 + offset);
    if (read < 1)
        return 0;
    __u32 size = (__u32)read - 1;
    if (process->role == DW_ROLE_LMTP && size < DW_TITLE_COMPARED) {
        if (same_text(process->base, record.text))
            return 0;
        __builtin_memcpy(process->base, record.text, sizeof(process->base));
    }
    see_title(task, process, argv0 + offset, &record, size);
    return 0;
}
