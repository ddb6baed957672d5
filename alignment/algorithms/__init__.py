"""KTO, DPO and SFT: what learns from feedback without a reward model, by TRL's trainers as they are."""
