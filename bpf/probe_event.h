/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the kernel probes and user space share: the events in the ring buffer, the state of each watched
 * process, the counters. Plain C with fixed-width fields; both sides are built from this one header.
 * Numbers stay within one machine: native byte order. */
#ifndef DOVEWATCH_PROBE_EVENT_H
#define DOVEWATCH_PROBE_EVENT_H

#include <linux/types.h>

/* Raised whenever the layout of anything below, or what the probes do, changes: pinned probes of another
 * number are drained and replaced, not taken over. For that, the fixed part of an event and dw_setup only
 * ever grow at their ends, and a counter keeps its number. */
#define DW_EVENT_LAYOUT 3
/* Bytes of the fixed part that every layout has, up to `flags`. */
#define DW_EVENT_SIZE_MIN 38
#define DW_LDA_UIDS_MAX 16

/* Text of one event, NUL not counted. A longer title is cut; Dovecot itself has room for 540 to 575. */
#define DW_TEXT_MAX 1023
/* Titles up to here are compared with the process's last one in the kernel; longer ones always pass. */
#define DW_TITLE_COMPARED 255
/* Of a logout line; a longer reason is cut. The rest of DW_TEXT_MAX is for the statistics. */
#define DW_REASON_MAX 255

enum dw_event_kind {
    DW_EVENT_EXEC = 1,
    DW_EVENT_TITLE = 2,
    DW_EVENT_LOGOUT = 3, /* Dovecot logs the end of a session */
    DW_EVENT_EXIT = 4,
};

/* Which program a process runs, told by its executable's name. */
enum dw_role {
    DW_ROLE_NONE = 0,
    DW_ROLE_MASTER = 1,
    DW_ROLE_IMAP = 2,
    DW_ROLE_POP3 = 3,
    DW_ROLE_LMTP = 4,
    DW_ROLE_SUBMISSION = 5,
    DW_ROLE_MANAGESIEVE = 6,
    DW_ROLE_LDA = 7,
    DW_ROLE_HIBERNATE = 8,
};

/* Of dw_probe_event and dw_process. */
enum dw_flags {
    DW_FLAG_STAGED = 1,    /* the process has shown [waiting on client], as 2.3.21 and later do */
    DW_FLAG_BY_SWITCH = 2, /* its titles are read at sched_switch; of a master: those of its children */
    DW_FLAG_E_INFO = 4,    /* of a logout line: Dovecot's function was e_info */
};

/* One record of the ring buffer; its text follows behind `size` bytes, without NUL. For exec of lda the text
 * is argv, each argument ended by NUL; for logout the reason, NUL, the statistics. */
struct dw_probe_event {
    __u64 boot_ns;  /* CLOCK_BOOTTIME */
    __u64 start_ns; /* start time of the process, CLOCK_BOOTTIME */
    __u32 pid;      /* in the initial PID namespace, as all pids here */
    __u32 parent_pid;
    __u32 reserved; /* 0; up to layout 2 a number of the event that nothing read */
    __s32 exit_status;
    __u16 text_size;
    __u8 kind;
    __u8 role;
    __u8 size; /* of this fixed part */
    __u8 flags;
    __u8 padding[2];
};

/* State of one watched process, in task storage. User space fills it for processes that ran before, and for
 * masters whose children are read at sched_switch. */
struct dw_process {
    __u32 parent_pid;
    __u16 base_size; /* bytes of `base` in use; 0: nothing to compare with */
    __u8 role;
    __u8 shows_base; /* the last title was about `base`, so that a command behind it is no news */
    __u8 flags;
    __u8 padding[3];
    char base[DW_TITLE_COMPARED + 1]; /* the last user's title without its closing bracket */
};

/* What pinned probes were set up with. The successor of a daemon takes them over where all is the same but
 * `ring_id`, which tells one ring buffer from all others. */
struct dw_setup {
    __u64 ring_id;
    __u64 ring_bytes;
    __u32 layout;
    __u32 master_uid;
    __u32 lda_uid_count;
    __u32 lda_uids[DW_LDA_UIDS_MAX];
    __u32 titles_by_switch; /* of all masters */
};

/* Why an event did not become a record, or what passed: one counter each, summed over CPUs. */
enum dw_counter {
    DW_COUNT_EXEC_ADMITTED,
    DW_COUNT_EXEC_REFUSED, /* named like a service, but not Dovecot's */
    DW_COUNT_TITLE_PASSED,
    DW_COUNT_TITLE_UNCHANGED, /* told nothing new */
    DW_COUNT_LOGOUT_PASSED,
    DW_COUNT_EXIT_PASSED,
    DW_COUNT_LOST_EXEC_RING, /* from here on: losses */
    DW_COUNT_LOST_TITLE_RING,
    DW_COUNT_LOST_LOGOUT_RING,
    DW_COUNT_LOST_EXIT_RING,
    DW_COUNT_LOST_STORAGE,    /* no memory for a process's state: none of its events is seen */
    DW_COUNT_LOST_TITLE_READ, /* the title's memory could not be read */
    DW_COUNT_LOST_LOGOUT_READ,
    DW_COUNT_LOST_ARGV_READ,
    DW_COUNTERS
};

#endif
