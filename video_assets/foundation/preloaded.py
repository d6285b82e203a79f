"""What worker processes are forked from: imported by their server, once, and by nobody else.

A worker would spend about 1 s of processor time on these imports.
"""

import sys

import av  # noqa: F401
import cv2  # noqa: F401
import numpy  # noqa: F401
import scenedetect  # noqa: F401
import scipy.ndimage  # noqa: F401

# a task's errors are sent to whoever asked; what is left is a worker that begins when its pool is
# over already, and no person's business
sys.excepthook = lambda *_: None
