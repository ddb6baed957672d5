"""The C library's allocator, told to give back what a training step frees."""

import ctypes
import gc

_M_MMAP_THRESHOLD = -3  # malloc.h of glibc; see mallopt(3)
_THRESHOLD_BYTES = 256 * 1024


def give_back_freed_memory() -> None:
    """Has blocks of 256 KiB and more returned to the system as soon as they are freed.

    glibc raises that threshold to the size of each large block that is freed, up to 32 MiB. After the first training
    step nearly all tensors come from its heap, where rows of unlike lengths leave holes: a step of 2,048 tokens of a
    135M model then holds 5.7 to 6.5 GiB for the 2.6 GiB that it needs. Elsewhere than on glibc this does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)


def trim() -> None:
    """Frees unreachable objects, such as a trainer that is done, and returns the heap's free pages to the system."""
    gc.collect()
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)
