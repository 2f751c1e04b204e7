"""Starts a program that refuses to run as root, by becoming it: `python -I unprivileged.py PROGRAM [ARGUMENT …]`.

As any other user it only becomes the program. As root it first becomes `nobody`. If `nobody` cannot reach the
program or its data, because they lie below folders closed to others, the process keeps one single capability:
to search folders and read files. No process is left in between. Standard library only, for a quick start.
"""

import ctypes
import os
import pwd
import sys
from collections.abc import Sequence

USER = "nobody"

# linux/capability.h, linux/prctl.h, linux/securebits.h
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_READ_SEARCH = 2
_CAP_DAC_OVERRIDE = 1
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Half(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def main(command: list[str]) -> None:
    """Become the program; return only by an exception."""
    if os.geteuid() == 0:
        paths = [word for word in command if word.startswith("/")]
        become_nobody(keep_search=not can_nobody_reach(paths))
    os.execv(command[0], command)  # noqa: S606 - no shell is the point


def can_nobody_reach(paths: Sequence[str]) -> bool:
    """Return whether the user could open all these paths with no privilege at all; asked in a child process."""
    user = pwd.getpwnam(USER)
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        os._exit(0 if all(os.access(path, os.R_OK | (os.X_OK if os.path.isdir(path) else 0)) for path in paths) else 1)
    return os.waitpid(child, 0)[1] == 0


def become_nobody(*, keep_search: bool) -> None:
    """Give up root for good; with `keep_search`, keep the right to search closed folders across the exec."""
    user = pwd.getpwnam(USER)
    libc = ctypes.CDLL(None, use_errno=True)
    if keep_search:
        # Without this, access(2) answers for the bare user, and PostgreSQL believes it cannot read its own files.
        _check(libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    if keep_search:
        _keep_only(libc, _searching_capability(libc))


def _searching_capability(libc: ctypes.CDLL) -> int:
    """Return the narrowest capability that searches folders and that this process has (containers drop the first)."""
    halves = (_Half * 2)()
    _check(libc.capget(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), halves))
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        if halves[0].permitted & 1 << capability:
            return capability
    raise PermissionError(f"{USER} cannot reach these files, and root has no capability to grant here")


def _keep_only(libc: ctypes.CDLL, capability: int) -> None:
    bit = 1 << capability
    halves = (_Half * 2)(_Half(bit, bit, bit), _Half(0, 0, 0))
    _check(libc.capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), halves))
    _check(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(sys.argv[1:])
