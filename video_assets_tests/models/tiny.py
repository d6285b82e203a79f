"""Tiny random models, made here in half a minute: they prove the wiring, never the accuracy.

FACTS 2.5. Set HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE before anything of the model stack is imported.
"""

import json
import string
from pathlib import Path

END = "<|endoftext|>"


def whisper_folder(base: Path) -> Path:
    """A CTranslate2 Whisper of two layers with random weights, in a folder below `base`."""
    import torch
    from ctranslate2.converters import TransformersConverter
    from faster_whisper.tokenizer import _LANGUAGE_CODES
    from tokenizers import AddedToken
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizer,
        WhisperTokenizerFast,
    )

    torch.manual_seed(0)
    hf, out = base / "whisper-hf", base / "whisper-ct2"
    hf.mkdir()
    vocab = {c: i for i, c in enumerate(sorted(ByteLevel.alphabet()))}
    merges = [("Ġ", "t"), ("h", "e"), ("Ġt", "he")]
    for a, b in merges:
        vocab[a + b] = len(vocab)
    (hf / "vocab.json").write_text(json.dumps(vocab))
    (hf / "merges.txt").write_text(
        "#version: 0.2\n" + "\n".join(f"{a} {b}" for a, b in merges) + "\n"
    )
    special = [END, "<|startoftranscript|>", *(f"<|{c}|>" for c in _LANGUAGE_CODES)]
    special += [
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nospeech|>",
    ]
    special += ["<|notimestamps|>", *(f"<|{i * 0.02:.2f}|>" for i in range(1501))]
    slow = WhisperTokenizer(
        str(hf / "vocab.json"), str(hf / "merges.txt"), unk_token=END, bos_token=END, eos_token=END
    )
    slow.add_tokens(
        [AddedToken(s, special=True, normalized=False) for s in special], special_tokens=True
    )
    slow.save_pretrained(hf)
    WhisperTokenizerFast.from_pretrained(hf).save_pretrained(hf)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(hf)
    ids = slow.get_vocab()
    ends = {
        "bos_token_id": ids[END],
        "eos_token_id": ids[END],
        "pad_token_id": ids[END],
        "decoder_start_token_id": ids["<|startoftranscript|>"],
    }
    model = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(slow), d_model=64, num_mel_bins=80, encoder_layers=2, decoder_layers=2,
            encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=128, decoder_ffn_dim=128,
            suppress_tokens=None, begin_suppress_tokens=None, **ends,
        )
    )  # fmt: skip
    model.generation_config = GenerationConfig(
        alignment_heads=[[1, 0], [1, 1]], suppress_tokens=[], begin_suppress_tokens=[],
        lang_to_id={f"<|{c}|>": ids[f"<|{c}|>"] for c in _LANGUAGE_CODES},
        no_timestamps_token_id=ids["<|notimestamps|>"], is_multilingual=False, **ends,
    )  # fmt: skip
    model.save_pretrained(hf)
    TransformersConverter(
        str(hf), copy_files=["tokenizer.json", "preprocessor_config.json"]
    ).convert(str(out), quantization="int8")
    return out


def wav2vec2_folder(base: Path) -> Path:
    """An aligner for a-z with random weights, in a folder below `base`."""
    import torch
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    torch.manual_seed(0)
    out = base / "wav2vec2"
    out.mkdir()
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *string.ascii_lowercase, "'"]
    vocab = out / "vocab.json"
    vocab.write_text(json.dumps({c: i for i, c in enumerate(letters)}))
    tokenizer = Wav2Vec2CTCTokenizer(str(vocab), do_lower_case=True)
    Wav2Vec2Processor(Wav2Vec2FeatureExtractor(), tokenizer).save_pretrained(out)
    Wav2Vec2ForCTC(
        Wav2Vec2Config(
            vocab_size=len(letters), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=64, conv_dim=(32,) * 7, num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=2, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        )
    ).save_pretrained(out)  # fmt: skip
    return out


def clip_weights(base: Path) -> tuple[str, Path]:
    """The name and the weights file of an open_clip model of two layers; the name is registered."""
    import open_clip
    import torch

    torch.manual_seed(0)
    about = {
        "embed_dim": 64,
        "vision_cfg": {
            "image_size": 64,
            "layers": 2,
            "width": 64,
            "patch_size": 16,
            "head_width": 32,
        },
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 64,
            "heads": 2,
            "layers": 2,
        },
    }
    folder = base / "configs"
    folder.mkdir()
    (folder / "tiny-clip.json").write_text(json.dumps(about))
    open_clip.add_model_config(folder)
    torch.save(open_clip.create_model("tiny-clip").state_dict(), base / "tiny.pt")
    return "tiny-clip", base / "tiny.pt"
