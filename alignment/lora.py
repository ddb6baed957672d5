"""The size of a low-rank adapter (Hu et al. 2021, LoRA, arXiv:2106.09685), as every stage configures it."""

from pydantic import BaseModel, ConfigDict, Field


class LoraSettings(BaseModel):
    """One adapter over all linear layers of the blocks: W + (alpha / rank) · B · A."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: int = Field(default=16, ge=1, le=512, description="rank of the adapter; vLLM wants --max-lora-rank ≥ it")
    alpha: float = Field(default=32.0, gt=0, description="the adapter's product is scaled by alpha / rank")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="share of the adapter's inputs dropped in training")
