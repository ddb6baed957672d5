"""Settings of the algorithms that need no reward model."""

from pydantic import BaseModel, ConfigDict, Field

from alignment.lora import LoraSettings


class PreferenceConfig(BaseModel):
    """How KTO, DPO or SFT trains an adapter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lora: LoraSettings = LoraSettings()
    epochs: float = Field(default=3.0, gt=0, le=100, description="passes over the rows")
    batch_size: int = Field(default=16, ge=2, description="rows of a step and process; KTO pairs rows within it")
    accumulation: int = Field(default=1, ge=1, description="batches whose gradients are added before a step")
    learning_rate: float = Field(default=5e-4, gt=0, description="peak; linear warm-up, then a cosine to zero")
    warmup_share: float = Field(default=0.1, ge=0, lt=1, description="share of the steps that warm up")
    max_grad_norm: float = Field(default=1.0, gt=0, description="the gradient is clipped to this norm")
    max_length: int = Field(default=768, ge=8, description="tokens of prompt and answer; longer rows are left out")
    beta: float = Field(default=0.1, gt=0, description="β of KTO and DPO: how dear it is to leave the parent")
    desirable_weight: float = Field(default=1.0, gt=0, description="KTO: weight of liked answers")
    undesirable_weight: float = Field(default=1.0, gt=0, description="KTO: weight of disliked answers")
    save_every: int = Field(default=25, ge=1, description="steps between two checkpoints")
    eval_every: int = Field(default=25, ge=1, description="steps between two looks at the held-out rows")
