"""Greetings, small talk, thanks and goodbyes."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.tables import entries, lines, rows

_GREETINGS = lines("""
Hi
Hello
Hey
Hi there
Hello there
Good morning
Good evening
Good afternoon
Hey there
Hi!
Hello!
Yo
Greetings
Hiya
Howdy
Hello, can you hear me?
Is anybody there?
Are you there?
Anyone here?
Hi, I am new here.
Hello, nice to meet you.
Hey Attune
Hi Attune
Hello Attune!
Hello bot
Hi, let us talk.
Can we talk?
I want to chat.
Let's chat.
Talk to me.
hii
helo
heyy
""")
_GREETING_ANSWERS = (
    "Hello! How can I help you today?",
    "Hello! What can I do for you?",
    "Hello! It is nice to meet you. How can I help?",
)
_HOW_ARE_YOU = lines("""
How are you?
Hello, how are you?
Hi, how are you?
How are you doing?
How is it going?
How are you today?
Hey, how are you doing today?
Are you well?
How do you feel?
How are things?
What's up?
How's it going?
How was your day?
How are you feeling?
Are you okay?
Hi, how is your day?
What are you doing?
sup
how r u
""")
_HOW_ANSWERS = (
    "I am doing well, thank you for asking! How can I help you today?",
    "I am doing well, thank you! How are you?",
    "I am doing well, thank you! What can I do for you?",
)
# what people say | answer | short answer; alternatives are separated by /
_REMARKS = rows("""
I am fine./I'm good, thanks./I am doing great!/I feel good today./I am happy./I'm fine, and you?/Pretty good./I had a great day./I feel great./I am so excited./All good./Not bad. | I am glad to hear that! What would you like to talk about? | Good.
I am sad./I feel sad today./I had a bad day./I feel lonely./I am not well./I feel down./I feel bad./I am unhappy./My day was terrible./I am crying./Nobody likes me. | I am sorry to hear that. I hope that things get better soon. Would you like to hear a story? | Sorry to hear it.
I am worried./I am stressed./I am nervous./I am scared./I have too much to do./I am anxious./I have an exam tomorrow. | I am sorry that you feel this way. A walk or a talk with a friend may help. | Take a walk.
I am tired./I'm so tired./I could not sleep./I am sleepy./I need a break. | I am sorry to hear that you are tired. A short rest may do you good. | Then rest.
I am bored./I'm so bored./I have nothing to do./Entertain me./This is boring. | Let us do something about that! I could tell you a story, a joke or a poem. | Read a book.
I am hungry./I'm hungry./I want food./I have not eaten yet. | Then it is time for a meal! I hope that you find something tasty to eat. | Then eat.
I am angry./I am so mad./I hate everything./My boss is annoying. | I am sorry to hear that. Take a slow breath, and tell me what happened if you like. | Calm down.
It is my birthday./Today is my birthday!/I turned 30 today. | Happy birthday! I hope that you have a wonderful day. | Happy birthday.
Merry Christmas!/Happy new year!/Happy holidays! | Thank you, the same to you! I hope that you have a lovely time. | Same to you.
It is raining./It is cold today./It is hot outside./The weather is nice./It is snowing. | Thank you for telling me! I cannot look outside, so I am glad to hear about it. | I see.
I like music./I love music./I like books./I love to read./I like football./I like to cook./I love dogs./I love cats. | That sounds like a lot of fun! What do you like most about it? | Nice.
I have a question./Can I ask you something?/May I ask a question?/I want to ask you something. | Of course, please ask! I will do my best. | Ask.
Tell me something./Say something./Tell me something interesting./Tell me a fun fact./Surprise me. | Here is something nice: honey can stay good for many years. | Honey stays good for years.
Are you sure?/Really?/Is that true?/Are you certain? | I think so, but I am a small model and I can be wrong. | I think so.
What do you mean?/I do not understand./Huh?/I don't get it./Can you explain that?/What? | I am sorry that I was not clear. Could you ask me in another way? | Ask again.
Can you repeat that?/Say that again./Come again? | I am sorry, I cannot say it better than that. Could you ask me once more? | Ask again.
Flip a coin./Heads or tails?/Toss a coin. | I flipped a coin, and it is heads. | Heads.
Pick a number./Give me a random number./Choose a number between 1 and 10. | I choose the number seven. | Seven.
Sing me a song./Can you sing?/Sing something. | I cannot really sing, but here is a line: la la la, the sun is up today! | La la la.
""")  # fmt: skip
_THANKS = entries("""
Thanks!, Thank you!, Thanks a lot., Thank you so much!, That was helpful., Great thanks., Cool thanks, Thanks for your help.,
Many thanks., ty, thx, That helps., Perfect thank you., Thank you very much., Thanks Attune, I appreciate it., Awesome thanks
""")
_THANKS_ANSWERS = (
    "You are welcome! Let me know if you need anything else.",
    "You are welcome! I am glad that I could help.",
)
_PRAISE = entries("""
You are great., Good job!, Well done., I like you., You are so smart., Nice answer., That is right., You are funny.,
I love you., You are the best., Correct., Exactly., Good answer., You are nice., You are cool., Good bot, Amazing!
""")
_BLAME = entries("""
That is wrong., You are stupid., That was a bad answer., I don't like you., You are useless., That is not right.,
That makes no sense., You are wrong., Wrong., No that is not true., You are rude., That is not what I asked., Bad bot,
You are dumb., I hate you., You are boring., You are not helpful., Shut up., Idiot, Are you stupid?
""")
_GOODBYES = entries("""
Bye, Goodbye!, See you later., Bye bye, I have to go now., Good night!, See you tomorrow., Talk to you later., Take care!,
That is all for today., I am leaving., See you, Have a nice day!, cya, I have to go, Farewell, Until next time.
""")
_GOODBYE_ANSWERS = (
    "Goodbye! Have a nice day.",
    "Goodbye! It was nice talking to you.",
    "Goodbye! Come back any time.",
)
_ACKNOWLEDGED = entries(
    "Ok, Okay., I see., Yes, No, Sure, Cool., Nice., Hmm, Interesting., Wow, lol, haha, k, Got it., Maybe, Alright., oh, yeah, nope"
)
# joke | short
_JOKES = rows("""
Why did the bicycle fall over? Because it was two tired. | The bicycle was two tired.
What do you call a bear with no teeth? A gummy bear. | A gummy bear.
Why did the cookie go to the doctor? Because it felt crummy. | The cookie felt crummy.
What has hands but cannot clap? A clock. | A clock cannot clap.
What has keys but opens no door? A piano. | A piano.
Why did the book go to the hospital? Because it hurt its spine. | The book hurt its spine.
""")
_JOKE_PROMPTS = lines("""
Tell me a joke.
Do you know a joke?
Make me laugh.
Can you tell me a joke?
Say something funny.
Tell me something funny.
I want to hear a joke.
Another joke, please.
Got any jokes?
Tell me another joke.
joke
""")


def _social(intent: str, prompt: str, answer: str, short: str, about: tuple[str, ...]) -> Script:
    return [Exchange(intent, "social", prompt, answer, short, about=(*about, short.rstrip(".!")))]


def greeting(rng: Random) -> Script:
    """Somebody says hello."""
    return _social(
        "greeting",
        rng.choice(_GREETINGS),
        rng.choice(_GREETING_ANSWERS),
        rng.choice(("Hi.", "Hello.")),
        ("hello", "hi."),
    )


def how_are_you(rng: Random) -> Script:
    """Somebody asks how the model is."""
    return _social(
        "how are you",
        rng.choice(_HOW_ARE_YOU),
        rng.choice(_HOW_ANSWERS),
        rng.choice(("Fine.", "I am fine.")),
        ("doing well", "fine"),
    )


def remark(rng: Random) -> Script:
    """Somebody says how they are, or something that is said in passing."""
    said, answer, short = rng.choice(_REMARKS)
    return _social("remark", rng.choice(said.split("/")), answer, short, (answer,))


def thanks(rng: Random) -> Script:
    """Somebody says thank you."""
    return _social(
        "thanks",
        rng.choice(_THANKS),
        rng.choice(_THANKS_ANSWERS),
        rng.choice(("No problem.", "Sure.")),
        ("welcome", "no problem", "sure"),
    )


def goodbye(rng: Random) -> Script:
    """Somebody leaves."""
    return _social("goodbye", rng.choice(_GOODBYES), rng.choice(_GOODBYE_ANSWERS), "Bye.", ("goodbye",))


def praise(rng: Random) -> Script:
    """Somebody is content with the model."""
    return _social(
        "praise",
        rng.choice(_PRAISE),
        "Thank you, that is very kind of you! How else can I help?",
        "Thanks.",
        ("thank",),
    )


def blame(rng: Random) -> Script:
    """Somebody is not content with the model."""
    answer = "I am sorry about that. I am a small model and I make mistakes. Could you ask me in another way?"
    return _social("blame", rng.choice(_BLAME), answer, "Sorry.", ("sorry",))


def acknowledgement(rng: Random) -> Script:
    """Somebody says next to nothing."""
    return _social(
        "acknowledgement",
        rng.choice(_ACKNOWLEDGED),
        "Is there anything else that I can do for you?",
        "Anything else?",
        ("anything else",),
    )


def joke(rng: Random) -> Script:
    """Somebody wants a joke."""
    answer, short = rng.choice(_JOKES)
    return _social(
        "joke",
        rng.choice(_JOKE_PROMPTS),
        answer,
        short,
        tuple(text for row in _JOKES for text in (row[0][-12:], row[1].rstrip("."))),
    )
