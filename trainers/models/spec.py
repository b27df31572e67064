"""The network: a timm backbone on spectrograms, or an audio encoder of transformers."""

from typing import Annotated, Literal

from pydantic import Field

from trainers.config.section import Section

AST = "MIT/ast-finetuned-audioset-14-14-0.443"


class TimmSpec(Section):
    """A timm backbone on spectrograms, pooled as `pooling` says, with a head."""

    name: Literal["timm"] = "timm"
    backbone: str = Field("mobilenetv3_small_050", min_length=1, description="any name timm.create_model knows")
    pretrained: bool = Field(False, description="start from timm's published weights")
    weights: str | None = Field(None, description="local file of such weights, .safetensors or .pth; no download")
    out_indices: tuple[int, ...] | None = Field(
        None, min_length=1, description="stages whose features are pooled and joined; null: the last features"
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="before the head")
    drop_path: float = Field(0.0, ge=0, lt=1, description="stochastic depth, where the backbone has it")
    freeze: bool = Field(False, description="only the head is trained; embeddings are cached where they never change")


class _EncoderSpec(Section):
    pretrained: bool = Field(True, description="false: the architecture of `checkpoint` with random weights")
    trainable_layers: int | None = Field(
        0, ge=0, description="last layers of the encoder that train; 0: frozen; null: all of it"
    )
    relu: bool = Field(True, description="a ReLU between the mean over tokens and dropout (ICBHI 2017)")
    dropout: float = Field(0.5, ge=0, lt=1, description="before the head")


class AstSpec(_EncoderSpec):
    """Audio Spectrogram Transformer (Gong et al. 2021) of transformers, mean over its tokens, a head."""

    name: Literal["ast"] = "ast"
    checkpoint: str = Field(AST, min_length=1, description="a name on the Hugging Face hub or a local folder")


class EncoderSpec(_EncoderSpec):
    """Any audio encoder that transformers' AutoModel loads (wav2vec 2.0, HuBERT, CLAP, ...), mean over time, a head."""

    name: Literal["encoder"] = "encoder"
    checkpoint: str = Field(
        "facebook/wav2vec2-base", min_length=1, description="a name on the Hugging Face hub or a local folder"
    )


ModelSpec = Annotated[TimmSpec | AstSpec | EncoderSpec, Field(discriminator="name")]


class StartSpec(Section):
    """Weights of an earlier run to start from."""

    checkpoint: str | None = Field(None, description="a checkpoint's folder; null: from the model's own start")
    part: Literal["whole", "backbone"] = Field("whole", description="whole: head too, so the classes must agree")
    schedule: Literal["restart", "rewarm"] = Field(
        "restart", description="restart: the schedule from its beginning; rewarm: after an epoch of linear warm-up"
    )
