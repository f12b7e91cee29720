"""Whether CUDA can be used here, asked of NVIDIA's driver alone."""

import ctypes

LIBRARY = "libcuda.so.1"
"""The driver's library; it comes with the driver, not with the CUDA toolkit."""


def cuda_problem() -> str:
    """Give the reason why CUDA cannot be used, as a sentence; empty where it can. Never raises.

    TensorRT and ONNX Runtime are not to be asked: without a driver they make objects that crash
    later.
    """
    try:
        driver = ctypes.CDLL(LIBRARY)
    except OSError:
        return f"NVIDIA's driver is not installed: there is no {LIBRARY}."
    try:
        code = driver.cuInit(0)
        count = ctypes.c_int()
        if code == 0:
            code = driver.cuDeviceGetCount(ctypes.byref(count))
    except AttributeError as error:
        return f"{LIBRARY} is not NVIDIA's driver: {error}."
    if code != 0:
        return f"NVIDIA's driver does not start: CUDA error {code}."
    return "" if count.value else "NVIDIA's driver finds no GPU."
