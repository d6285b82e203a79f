"""open_clip: pictures and words in one space. Needs the `models` extra."""

import importlib.metadata
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from video_assets.foundation.errors import ModelUnavailable

BATCH = 64
"""Pictures at a time: measured fastest on a CPU (45 a second in bf16, 16 in fp32, two cores)."""


class OpenClip:
    """An embedder that knows what things are. Weights load on the first call, not at start-up.

    `model`: an architecture (`ViT-B-32`) or `local-dir:FOLDER`. `weights`: a tag (fetched from
    the hub), or a local .pt or .safetensors file; not used with `local-dir:`.
    """

    def __init__(self, model: str = "", weights: str = "", device: str = "") -> None:
        self.model = model or os.environ.get("VIDEO_ASSETS_CLIP_MODEL", "ViT-B-32")
        self.weights = weights or os.environ.get("VIDEO_ASSETS_CLIP_WEIGHTS", "laion2b_s34b_b79k")
        self.device = device
        self._engine: tuple[Any, Any, Any] | None = None

    @property
    def name(self) -> str:
        """Names the space: vectors of different names never share a table."""
        weights = os.path.basename(self.weights)
        if self.model.startswith("local-dir:"):
            return f"open_clip:{os.path.basename(self.model.rstrip('/'))}"
        return f"open_clip:{self.model}:{weights}"

    @property
    def size(self) -> int:
        """Length of a vector; loads the model."""
        model, _, _ = self._loaded()
        return (
            int(model.text_projection.shape[-1])
            if hasattr(model, "text_projection")
            else len(self._texts(["a"])[0])
        )

    def images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """`pictures`: uint8 (height, width, 3) RGB. Returns float32 (n, size), each of length 1."""
        model, preprocess, _ = self._loaded()
        import torch
        from PIL import Image

        parts = []
        for first in range(0, len(pictures), BATCH):
            batch = [preprocess(Image.fromarray(p)) for p in pictures[first : first + BATCH]]
            with torch.inference_mode():
                parts.append(_unit(model.encode_image(torch.stack(batch).to(self._device()))))
        return np.concatenate(parts) if parts else np.zeros((0, self.size), np.float32)

    def text(self, text: str) -> np.ndarray | None:
        """The vector of a description; None for an empty one."""
        return np.asarray(self._texts([text])[0]) if text.strip() else None

    def _texts(self, texts: list[str]) -> np.ndarray:
        model, _, tokenizer = self._loaded()
        import torch

        with torch.inference_mode():
            return _unit(model.encode_text(tokenizer(texts).to(self._device())))

    def _device(self) -> str:
        if self.device:
            return self.device
        import torch

        return "cuda" if torch.cuda.is_available() else "cpu"

    def _loaded(self) -> tuple[Any, Any, Any]:
        if self._engine is None:
            try:
                importlib.metadata.version("open-clip-torch")
                import open_clip
            except ImportError as error:
                raise ModelUnavailable(
                    f"open_clip is not here ({error}): pip install 'video-assets[models]' (8 GB)"
                ) from error
            local = self.model.startswith("local-dir:")
            try:
                model, _, preprocess = open_clip.create_model_and_transforms(
                    self.model, pretrained=None if local else self.weights, device=self._device()
                )
                tokenizer = open_clip.get_tokenizer(self.model)
            except (OSError, RuntimeError, ValueError) as error:
                first = (str(error).strip().splitlines() or [type(error).__name__])[0]
                raise ModelUnavailable(
                    f"open_clip cannot load {self.model} with {self.weights}: {first}; name a "
                    "file in VIDEO_ASSETS_CLIP_WEIGHTS, or allow the download"
                ) from error
            self._engine = (model.eval(), preprocess, tokenizer)
        return self._engine


def _unit(vectors: Any) -> np.ndarray:
    found = vectors.float().cpu().numpy()
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)
