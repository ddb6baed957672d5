"""The generator of the training text: our own sentences only, a pure function of its seed."""

from models.recipe.corpus.conversation import Conversation, Exchange, Message
from models.recipe.corpus.mixture import held_out, shard

__all__ = ["Conversation", "Exchange", "Message", "held_out", "shard"]
