/* What the BPF programs of the shield and user space say to each other. Plain C for both. */
#ifndef VSERVER_SHIELD_H
#define VSERVER_SHIELD_H

#include <linux/types.h>

/* Host ids of servers: number N has 65536 from SHIELD_FIRST_ID + 65536 * N on (model::ServerNumber). */
#define SHIELD_FIRST_ID 0x70000000U
#define SHIELD_ID_BITS 16
#define SHIELD_SERVERS 4096

#define SHIELD_PROGRAMS 8
#define SHIELD_ABOVE 8
#define SHIELD_NAME 24

enum shield_mark {
    SHIELD_PLAIN,   /* any program */
    SHIELD_DOOR,    /* may do what is refused to others */
    SHIELD_GUARDED, /* may not, but holds what belongs to a server: nobody traces it */
};

/* A program of ours, by its inode as the kernel knows it: the device is that of the file system, not always the one of stat(2). */
struct shield_program {
    __u64 inode;
    __u32 device; /* major << 20 | minor */
    __u32 mark;
};

/* The first characters of a name; the rest is zero. */
union shield_name {
    char text[SHIELD_NAME];
    __u64 word[SHIELD_NAME / sizeof(__u64)];
};

/* Fixed when the shield goes up: the map that holds it is frozen. */
struct shield_setup {
    struct shield_program programs[SHIELD_PROGRAMS];
    union shield_name root;    /* of the control group that the servers' are in */
    __u64 above[SHIELD_ABOVE]; /* the ids of those that it is in */
};

#endif
