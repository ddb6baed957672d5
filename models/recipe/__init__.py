"""The recipe of the starter model: corpus → tokenizer → training → evaluation → export."""
