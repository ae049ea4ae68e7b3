/**
 * The system calls a container may make: the set that Docker's default profile allows
 * (https://docs.docker.com/engine/security/seccomp/), in the form of the OCI runtime specification
 * (config-linux.md, "Seccomp"). Everything else fails with EPERM.
 */

const FILES = `
access creat chdir chmod chown chown32 close close_range copy_file_range dup dup2 dup3 faccessat
faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown
fchown32 fchownat fcntl fcntl64 fdatasync flock fstat fstat64 fstatat64 fstatfs fstatfs64 fsync
ftruncate ftruncate64 futimesat getcwd getdents getdents64 inotify_add_watch inotify_init
inotify_init1 inotify_rm_watch ioctl lchown lchown32 link linkat _llseek lseek lstat lstat64 mkdir
mkdirat mknod mknodat name_to_handle_at newfstatat open openat openat2 pipe pipe2 pread64 preadv
preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv rename renameat renameat2
rmdir sendfile sendfile64 splice stat stat64 statfs statfs64 statx symlink symlinkat sync
sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat
utimensat_time64 utimes vmsplice write writev cachestat`;

const ATTRIBUTES = `
fgetxattr flistxattr fremovexattr fsetxattr getxattr lgetxattr listxattr llistxattr lremovexattr
lsetxattr removexattr setxattr`;

const WAITING = `
epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
epoll_wait_old eventfd eventfd2 _newselect poll ppoll ppoll_time64 pselect6 pselect6_time64 select
signalfd signalfd4 io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup
io_submit`;

const MEMORY = `
brk get_robust_list madvise membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap
mmap2 mprotect mremap msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect
process_mrelease remap_file_pages set_robust_list map_shadow_stack`;

const PROCESSES = `
capget capset execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait
futex_waitv futex_wake getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups
getgroups32 getpgid getpgrp getpid getppid getpriority getresgid getresgid32 getresuid getresuid32
getrlimit getrusage getsid get_thread_area gettid getuid getuid32 ioprio_get ioprio_set kill
landlock_add_rule landlock_create_ruleset landlock_restrict_self pause pidfd_open pidfd_send_signal
prctl prlimit64 process_vm_readv process_vm_writev ptrace restart_syscall rseq rt_sigaction
rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam
sched_get_priority_max sched_get_priority_min sched_getscheduler sched_rr_get_interval
sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler
sched_yield seccomp setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32
setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid
setreuid32 setrlimit setsid set_thread_area set_tid_address setuid setuid32 sigaltstack sigprocmask
sigreturn sysinfo tgkill times tkill ugetrlimit uname vfork wait4 waitid waitpid getrandom`;

const TIME = `
adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer
time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime
timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64`;

const MESSAGES = `
accept accept4 bind connect getpeername getsockname getsockopt ipc listen mq_getsetattr mq_notify
mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl
msgget msgrcv msgsnd recv recvfrom recvmmsg recvmmsg_time64 recvmsg semctl semget semop semtimedop
semtimedop_time64 send sendmmsg sendmsg sendto setsockopt shmat shmctl shmdt shmget shutdown
socketcall socketpair`;

/** Allowed because Docker's default capabilities have CAP_SYS_CHROOT. */
const CAPABILITIES = "chroot";

interface Architecture {
  readonly names: readonly string[];
  readonly calls: string;
}

/** By Node's `process.arch`. */
const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x64: {
    names: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    calls: "arch_prctl modify_ldt",
  },
  arm64: {
    names: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
    calls: "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
  },
  ppc64: { names: ["SCMP_ARCH_PPC64LE"], calls: "sync_file_range2 swapcontext" },
  s390x: {
    names: ["SCMP_ARCH_S390X", "SCMP_ARCH_S390"],
    calls: "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr",
  },
  riscv64: { names: ["SCMP_ARCH_RISCV64"], calls: "riscv_flush_icache" },
};

/** Flags of clone(2) that make a namespace. */
const NAMESPACE_FLAGS = 0x7e020000;
const AF_VSOCK = 40;
/** Personalities: Linux, 32 bits, and both with ADDR_NO_RANDOMIZE's neighbours; and the query. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];
const EPERM = 1;
const ENOSYS = 38;

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** The `linux.seccomp` object for this machine's processor. */
export function seccompProfile(arch: string = process.arch): object {
  const architecture = ARCHITECTURES[arch];
  const allow = (names: string[], args?: object[]) => ({
    names,
    action: "SCMP_ACT_ALLOW",
    ...(args && { args }),
  });
  const groups = [FILES, ATTRIBUTES, WAITING, MEMORY, PROCESSES, TIME, MESSAGES, CAPABILITIES];
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: EPERM,
    ...(architecture && { architectures: architecture.names }),
    syscalls: [
      allow([...groups.flatMap(words), ...words(architecture?.calls ?? "")]),
      allow(["socket"], [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_NE" }]),
      ...PERSONALITIES.map((value) =>
        allow(["personality"], [{ index: 0, value, op: "SCMP_CMP_EQ" }]),
      ),
      allow(
        ["clone"],
        [
          {
            index: arch === "s390x" ? 1 : 0,
            value: NAMESPACE_FLAGS,
            valueTwo: 0,
            op: "SCMP_CMP_MASKED_EQ",
          },
        ],
      ),
      // Its flags are behind a pointer that a filter cannot read: libc falls back to clone.
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    ],
  };
}
