"""The generator of the training text: our own sentences only, a pure function of its seed."""

from models.recipe.corpus.conversation import Conversation, Exchange, Message
from models.recipe.corpus.mixture import INTENTS, digest, held_out, held_out_of, shard

__all__ = ["INTENTS", "Conversation", "Exchange", "Message", "digest", "held_out", "held_out_of", "shard"]
