"""Another operating system as the package sees it: modules, names and files of Linux's that are not there.

`enter("win32")` or `enter("darwin")` begins it, in a process made for it, before the package is imported. Only modules
of the package see the other system: the standard library and other packages go on as on the system they are made for.
"""

from __future__ import annotations

import asyncio
import builtins
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

PACKAGES = ("impact_tracker", "experiment_impact_tracker")

_LINUX_ONLY = {
    "os": {
        *("sched_getaffinity", "sched_setaffinity", "sched_getscheduler", "sched_setscheduler", "sched_getparam"),
        *("waitid", "P_PID", "P_PGID", "P_ALL", "P_PIDFD", "WEXITED", "WSTOPPED", "WNOWAIT", "CLD_EXITED"),
        *("posix_fadvise", "posix_fallocate", "eventfd", "eventfd_read", "eventfd_write", "memfd_create", "pidfd_open"),
        *("copy_file_range", "splice", "getxattr", "setxattr", "listxattr", "removexattr", "getrandom", "pipe2"),
        *("O_DIRECT", "O_TMPFILE", "O_PATH", "O_NOATIME", "O_LARGEFILE", "O_RSYNC", "fdatasync", "getresuid"),
        *("getresgid", "setresuid", "setresgid", "setns", "unshare"),
    },
    "signal": {"sigtimedwait", "sigwaitinfo", "SIGRTMIN", "SIGRTMAX", "SIGPWR", "SIGSTKFLT", "SIGPOLL", "SIGCLD"},
    "socket": {
        *("SO_PEERCRED", "SO_PASSCRED", "SO_PEERSEC", "SOCK_CLOEXEC", "SOCK_NONBLOCK", "MSG_NOSIGNAL", "AF_NETLINK"),
        *("AF_PACKET", "AF_VSOCK", "SCM_CREDENTIALS"),
    },
    "time": {"CLOCK_BOOTTIME", "CLOCK_TAI"},
    "select": {"epoll", "EPOLLIN", "EPOLLOUT"},
}
_POSIX_ONLY = {
    "os": {
        *("fork", "forkpty", "register_at_fork", "uname", "sysconf", "sysconf_names", "confstr", "getloadavg", "nice"),
        *("getuid", "geteuid", "getgid", "getegid", "getgroups", "setuid", "seteuid", "setgid", "setgroups"),
        *("setsid", "getsid", "setpgid", "getpgid", "getpgrp", "setpgrp", "killpg", "tcgetpgrp", "tcsetpgrp"),
        *("wait", "wait3", "wait4", "WNOHANG", "WUNTRACED", "WIFEXITED", "WEXITSTATUS", "WIFSIGNALED", "WTERMSIG"),
        *("pread", "pwrite", "preadv", "pwritev", "readv", "writev", "sendfile", "posix_spawn", "posix_spawnp"),
        *("statvfs", "fstatvfs", "mkfifo", "mknod", "major", "minor", "makedev", "chown", "fchown", "lchown"),
        *("chroot", "fchdir", "sync", "ttyname", "openpty", "ctermid", "getpriority", "setpriority", "lockf"),
        *("O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_SYNC", "O_DSYNC", "O_NOCTTY", "O_NDELAY"),
        *("environb", "getenvb", "EX_OK", "RTLD_LAZY", "RTLD_LOCAL", "fpathconf", "pathconf", "sched_yield"),
    },
    "signal": {
        *(name for name in dir(signal) if name.startswith("SIG") and name not in ("SIG_DFL", "SIG_IGN", "Signals")),
        *("pthread_sigmask", "pthread_kill", "sigpending", "sigwait", "siginterrupt", "setitimer", "getitimer"),
        *("alarm", "pause", "ITIMER_REAL", "SIG_BLOCK", "SIG_SETMASK", "SIG_UNBLOCK"),
    }
    - {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM"},
    "socket": {"AF_UNIX", "SO_REUSEPORT", "MSG_DONTWAIT", "send_fds", "recv_fds", "sethostname", "CMSG_LEN"},
    "time": {
        *("clock_gettime", "clock_gettime_ns", "clock_getres", "clock_settime", "pthread_getcpuclockid", "tzset"),
        *(name for name in dir(time) if name.startswith("CLOCK_")),
    },
    "select": {"poll", "epoll"},
}
_MODULES = {
    "darwin": {"spwd", "msvcrt", "winreg"},
    "win32": {
        "fcntl",
        "resource",
        "pwd",
        "grp",
        "termios",
        "tty",
        "pty",
        "posix",
        "syslog",
        "readline",
        "crypt",
        "spwd",
    },
}
_TREES = ("/proc/", "/sys/", "/etc/", "/run/", "/dev/")
_OWN_FILES = ("/dev/null", "/etc/ssl/", "/dev/urandom")


class _Foreign(ModuleType):
    """A module without some of its names, with others in place of its own."""

    def __init__(self, real: ModuleType, absent: set[str], given: dict[str, object]) -> None:
        super().__init__(real.__name__, real.__doc__)
        vars(self).update(_real=real, _absent=absent, _given=given)

    def __getattr__(self, name: str) -> Any:
        if name in self._absent:
            raise AttributeError(f"module {self._real.__name__!r} has no attribute {name!r}")
        return self._given[name] if name in self._given else getattr(self._real, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._real, name, value)


def _absent(system: str, module: str) -> set[str]:
    absent = set(_LINUX_ONLY.get(module, ()))
    return absent | _POSIX_ONLY.get(module, set()) if system == "win32" else absent


def _is_ours(namespace: object) -> bool:
    name = namespace.get("__name__", "") if isinstance(namespace, dict) else ""
    return isinstance(name, str) and name.partition(".")[0] in PACKAGES


def _importer(system: str) -> Callable[..., Any]:
    given: dict[str, dict[str, object]] = {
        "os": {"name": "nt", "sep": "/"} if system == "win32" else {},
        "sys": {"platform": system},
        "platform": {"system": lambda: {"darwin": "Darwin", "win32": "Windows"}[system]},
    }
    names = {*given, *_LINUX_ONLY}
    real = {name: __import__(name) for name in names}
    seen = {name: _Foreign(real[name], _absent(system, name), given.get(name, {})) for name in names}
    original = builtins.__import__

    def importing(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level == 0 and _is_ours(globals):
            if name.partition(".")[0] in _MODULES[system]:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            if name in seen or (name.partition(".")[0] in seen and not fromlist):
                original(name, globals, locals, fromlist, level)
                return seen[name.partition(".")[0]]
        return original(name, globals, locals, fromlist, level)

    return importing


def _no_linux_files(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("open", "os.listdir", "os.scandir") and arguments and isinstance(arguments[0], (str, os.PathLike)):
        path = os.path.join(os.fspath(arguments[0]), "")  # noqa: PTH118
        if str(path).startswith(_TREES) and not str(path).startswith(_OWN_FILES):
            raise FileNotFoundError(2, "No such file or directory", str(arguments[0]))


def _no_handlers(self: object, *_: object) -> None:
    raise NotImplementedError


def enter(system: str) -> None:
    """Be on that system from now on."""
    assert not any(name in sys.modules for name in PACKAGES), "the package was imported too early"
    platform.uname()  # it asks files of Linux's once
    if system == "win32":
        asyncio.AbstractEventLoop.add_signal_handler = _no_handlers  # type: ignore[method-assign, assignment]
        asyncio.SelectorEventLoop.add_signal_handler = _no_handlers  # type: ignore[method-assign, assignment]
    builtins.__import__ = _importer(system)
    sys.addaudithook(_no_linux_files)
