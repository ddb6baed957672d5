"""Settings of the snapshot."""

from pydantic import BaseModel, ConfigDict, Field


class SnapshotConfig(BaseModel):
    """Which feedback is learned from, and what is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: str | None = Field(
        default=None, description="only what the keys of this owner were answered; by default all owners together"
    )
    heldout_share: float = Field(
        default=0.15, gt=0, lt=1, description="share of the prompts that are kept out of training, to measure on"
    )
    over_unrated: bool = Field(
        default=False, description="a liked answer is preferred over earlier, unrated answers to the same message"
    )
    near_duplicate_similarity: float = Field(
        default=0.9, gt=0, le=1, description="Jaccard similarity of word triples from which rows count as duplicates"
    )
    max_per_rater: int = Field(default=2000, ge=1, description="votes of one rater; the newest count")
    max_per_rater_hour: int = Field(default=240, ge=1, description="votes of one rater within any hour; later are lost")
    keep_truncated: bool = Field(
        default=False, description="keep answers that were cut off by the token limit (finish_reason length)"
    )
    max_characters: int = Field(default=50_000, ge=100, description="longest prompt and answer together")


class MinimumConfig(BaseModel):
    """How much feedback, after cleaning and without the held-out part, is enough to learn from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    raters: int = Field(default=2, ge=1, description="different people; 1 to learn from a single person's taste")
    ppo_thumbs: int = Field(default=400, ge=1, description="thumbs from which auto takes PPO")
    ppo_comparisons: int = Field(default=300, ge=1, description="comparisons from which auto does so")
    dpo_comparisons: int = Field(default=64, ge=1, description="comparisons that DPO needs")
    kto_thumbs: int = Field(default=64, ge=1, description="thumbs that KTO needs")
    per_label: int = Field(
        default=16, ge=1, description="thumbs of each kind, up and down, that learning from thumbs needs"
    )
    sft_answers: int = Field(default=32, ge=1, description="liked answers and corrections that SFT needs")
