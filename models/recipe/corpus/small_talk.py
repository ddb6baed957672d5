"""Greetings, small talk, thanks and goodbyes."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script

_GREETINGS = ("Hi", "Hello", "Hey", "Hi there", "Hello there", "Good morning", "Good evening", "Good afternoon", "Hey there",
              "Hi!", "Hello!", "Yo", "Greetings", "Hiya", "Hello, can you hear me?", "Is anybody there?", "Hi, I am new here.")  # fmt: skip
_GREETING_ANSWERS = (
    "Hello! How can I help you today?",
    "Hello! What can I do for you?",
    "Hello! It is nice to meet you. How can I help?",
)
_HOW_ARE_YOU = ("How are you?", "Hello, how are you?", "Hi, how are you?", "How are you doing?", "How is it going?",
                "How are you today?", "Hey, how are you doing today?", "Are you well?", "How do you feel?",
                "Hello how are you", "What's up?", "How's it going?", "How was your day?")  # fmt: skip
_HOW_ANSWERS = (
    "I am doing well, thank you for asking! How can I help you today?",
    "I am doing well, thank you! How are you?",
    "I am fine, thank you! What can I do for you?",
)
_FEELINGS = {
    "good": ("I am fine.", "I'm good, thanks.", "I am doing great!", "I feel good today.", "I am happy.", "I'm fine, and you?",
             "Pretty good.", "I had a great day.", "I feel great."),
    "bad": ("I am sad.", "I feel sad today.", "I had a bad day.", "I am tired.", "I feel lonely.", "I am not well.",
            "I am stressed.", "I feel down.", "I am worried.", "I'm so tired."),
    "bored": ("I am bored.", "I'm so bored.", "I have nothing to do.", "Entertain me."),
}  # fmt: skip
_FEELING_ANSWERS = {
    "good": (("I am glad to hear that! What would you like to talk about?", "Good."),
             ("That is wonderful to hear! What can I do for you?", "Good for you.")),
    "bad": (("I am sorry to hear that. I hope things get better soon. Would you like to hear a story?", "Sorry."),
            ("I am sorry that you feel this way. A walk or a talk with a friend may help.", "Sorry to hear it.")),
    "bored": (("Let us do something about that! I could tell you a story or write a poem.", "Read a book."),
              ("How about a story? You can ask me to tell you one about a fox.", "Go for a walk.")),
}  # fmt: skip
_THANKS = ("Thanks!", "Thank you!", "Thanks a lot.", "Thank you so much!", "That was helpful, thank you.", "Great, thanks.",
           "Cool, thanks", "Thanks for your help.", "Many thanks.", "ty", "thx", "That helps.", "Perfect, thank you.")  # fmt: skip
_THANKS_ANSWERS = (
    "You are welcome! Let me know if you need anything else.",
    "You are welcome! I am glad that I could help.",
)
_PRAISE = ("You are great.", "Good job!", "Well done.", "I like you.", "You are so smart.", "Nice answer.", "That is right.",
           "You are funny.", "I love you.")  # fmt: skip
_BLAME = ("That is wrong.", "You are stupid.", "That was a bad answer.", "I don't like you.", "You are useless.",
          "That is not right.", "That makes no sense.", "You are wrong.")  # fmt: skip
_GOODBYES = ("Bye", "Goodbye!", "See you later.", "Bye bye", "I have to go now.", "Good night!", "See you tomorrow.",
             "Talk to you later.", "Take care!", "That is all for today.", "I am leaving.")  # fmt: skip
_GOODBYE_ANSWERS = ("Goodbye! Have a nice day.", "Goodbye! It was nice talking to you.", "Goodbye! Come back any time.")
_ACKNOWLEDGED = (
    "Ok",
    "Okay.",
    "I see.",
    "Yes",
    "No",
    "Sure",
    "Cool.",
    "Nice.",
    "Hmm",
    "Interesting.",
    "Really?",
    "Wow",
    "lol",
)
_JOKES = (
    ("Why did the bicycle fall over? Because it was two tired.", "The bicycle was two tired."),
    ("What do you call a bear with no teeth? A gummy bear.", "A gummy bear."),
    ("Why did the cookie go to the doctor? Because it felt crummy.", "The cookie felt crummy."),
    ("What has hands but cannot clap? A clock.", "A clock cannot clap."),
)
_JOKE_PROMPTS = ("Tell me a joke.", "Do you know a joke?", "Make me laugh.", "Can you tell me a joke?", "Say something funny.",
                 "Tell me something funny.", "I want to hear a joke.")  # fmt: skip


def _social(intent: str, prompt: str, answer: str, short: str) -> Script:
    return [Exchange(intent, "social", prompt, answer, short)]


def greeting(rng: Random) -> Script:
    """Somebody says hello."""
    return _social("greeting", rng.choice(_GREETINGS), rng.choice(_GREETING_ANSWERS), rng.choice(("Hi.", "Hello.")))


def how_are_you(rng: Random) -> Script:
    """Somebody asks how the model is."""
    return _social(
        "how_are_you", rng.choice(_HOW_ARE_YOU), rng.choice(_HOW_ANSWERS), rng.choice(("Fine.", "I am fine."))
    )


def feeling(rng: Random) -> Script:
    """Somebody says how they are."""
    mood = rng.choice(tuple(_FEELINGS))
    answer, short = rng.choice(_FEELING_ANSWERS[mood])
    return _social("feeling", rng.choice(_FEELINGS[mood]), answer, short)


def thanks(rng: Random) -> Script:
    """Somebody says thank you."""
    return _social("thanks", rng.choice(_THANKS), rng.choice(_THANKS_ANSWERS), rng.choice(("No problem.", "Sure.")))


def goodbye(rng: Random) -> Script:
    """Somebody leaves."""
    return _social("goodbye", rng.choice(_GOODBYES), rng.choice(_GOODBYE_ANSWERS), "Bye.")


def praise_or_blame(rng: Random) -> Script:
    """Somebody judges the model."""
    if rng.random() < 0.5:
        return _social(
            "praise", rng.choice(_PRAISE), "Thank you, that is very kind of you! How else can I help?", "Thanks."
        )
    answer = "I am sorry about that. I am a small model and I make mistakes. Could you ask me in another way?"
    return _social("blame", rng.choice(_BLAME), answer, "Sorry.")


def acknowledgement(rng: Random) -> Script:
    """Somebody says next to nothing."""
    return _social(
        "acknowledgement", rng.choice(_ACKNOWLEDGED), "Is there anything else I can do for you?", "Anything else?"
    )


def joke(rng: Random) -> Script:
    """Somebody wants a joke."""
    answer, short = rng.choice(_JOKES)
    return _social("joke", rng.choice(_JOKE_PROMPTS), answer, short)
