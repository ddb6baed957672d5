"""Names and other things told earlier in the conversation, and asked for later."""

from __future__ import annotations

from random import Random

from models.recipe.corpus import facts, identity, small_talk
from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.names import any_person, person, place
from models.recipe.corpus.tables import entries, lines, rows

# A space stands before every name, in prompts and answers: the byte-level tokens are then the same, and can be copied.
_TOLD = lines("""
My name is {name}.
I am {name}.
I'm {name}.
Call me {name}.
Hi, my name is {name}.
Hello, I am {name}.
Hello! My name is {name}.
You can call me {name}.
They call me {name}.
Hi, I'm {name}. Nice to meet you.
The name is {name}.
Hi, I am {name}. How are you?
My name's {name}.
Hello, this is {name}.
People call me {name}.
Please call me {name}.
I am called {name}.
Hey, {name} here.
""")
_GREETED = ("Hello {name}! It is nice to meet you. How can I help?", "Hello {name}! How can I help you?")
_ASKED = lines("""
What is my name?
Do you remember my name?
Who am I?
Can you tell me my name?
What's my name?
Do you know my name?
Say my name.
What did I say my name was?
whats my name
Tell me my name.
Do you still know my name?
What am I called?
And what is my name?
What was my name again?
""")
_FRIEND_TOLD = (
    "My friend is called {name}.",
    "My best friend is {name}.",
    "I have a friend called {name}.",
    "The name of my friend is {name}.",
)
_FRIEND_ASKED = (
    "What is my friend called?",
    "What is the name of my friend?",
    "Who is my friend?",
    "How is my friend called?",
)
_COLOURS = entries("red, blue, green, yellow, purple, orange, pink, black, white, brown, grey, silver, gold")
_ANIMALS = entries("fox, cat, dog, owl, horse, rabbit, whale, bear, frog, lion, parrot, turtle, dolphin, penguin, goat")
_FOODS = entries(
    "pizza, soup, rice, bread, cheese, pasta, salad, noodles, cake, fish, curry, beans, pancakes, dumplings, pie"
)
_HOBBIES = entries(
    "reading, painting, cooking, gardening, singing, hiking, chess, tennis, dancing, sailing, knitting, fishing, running"
)
_JOBS = entries(
    "teacher, nurse, baker, farmer, pilot, painter, cook, writer, singer, gardener, carpenter, doctor, dentist, plumber, waiter"
)
_PETS = entries("dog, cat, rabbit, parrot, horse, hamster, turtle, goldfish")
# what is told | what is answered | what is asked, alternatives separated by / | the answer | where the thing comes from
_THINGS = rows("""
My favourite colour is {x}./I like the colour {x} best. | Thank you for telling me! Your favourite colour is {x}. | What is my favourite colour?/Which colour do I like best?/What colour do I like? | Your favourite colour is {x}. | colour
My favourite animal is the {x}./I like the {x} best of all animals. | Thank you for telling me! Your favourite animal is the {x}. | What is my favourite animal?/Which animal do I like best? | Your favourite animal is the {x}. | animal
My favourite food is {x}./I like {x} more than any other food. | Thank you for telling me! Your favourite food is {x}. | What is my favourite food?/Which food do I like best?/What do I like to eat? | Your favourite food is {x}. | food
My hobby is {x}./In my free time I like {x}. | That sounds like fun! I will remember that you like {x}. | What is my hobby?/What do I like to do in my free time?/What do I do for fun? | Your hobby is {x}. | hobby
I work as a {x}./I am a {x}./My job is {x}. | That sounds like an important job! I will remember that you are a {x}. | What is my job?/What do I do for work?/What do I work as? | You work as a {x}. | job
I live in {x}./My home is in {x}. | That sounds like a nice place! I will remember that you live in {x}. | Where do I live?/Which place do I live in?/Where is my home? | You live in {x}. | place
I come from {x}./I am from {x}./I was born in {x}. | That sounds like a nice place! I will remember that you come from {x}. | Where do I come from?/Where am I from?/Where was I born? | You come from {x}. | place
I am {x} years old./My age is {x}. | Thank you for telling me! I will remember that you are {x} years old. | How old am I?/What is my age?/Do you know how old I am? | You are {x} years old. | number
My lucky number is {x}./My favourite number is {x}. | Thank you for telling me! Your number is {x}. | What is my lucky number?/What is my number?/Which number do I like? | Your number is {x}. | number
My {pet} is called {x}./I have a {pet} called {x}./The name of my {pet} is {x}. | What a nice name! I will remember that your {pet} is called {x}. | What is my {pet} called?/What is the name of my {pet}?/How is my {pet} called? | Your {pet} is called {x}. | name
My sister is called {x}./I have a sister called {x}. | What a nice name! I will remember that your sister is called {x}. | What is my sister called?/What is the name of my sister?/Who is my sister? | Your sister is called {x}. | name
My brother is called {x}./I have a brother called {x}. | What a nice name! I will remember that your brother is called {x}. | What is my brother called?/What is the name of my brother?/Who is my brother? | Your brother is called {x}. | name
The password of the game is {x}./The secret word is {x}./Remember the word {x}. | I will remember the word {x}. | What is the secret word?/What was the word?/Which word did I tell you? | The word is {x}. | word
I have an appointment on {x}./My appointment is on {x}. | I will remember that your appointment is on {x}. | When is my appointment?/On which day is my appointment? | Your appointment is on {x}. | day
""")  # fmt: skip
_DAYS = entries("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
_FILLERS = (
    small_talk.how_are_you,
    small_talk.joke,
    small_talk.remark,
    small_talk.acknowledgement,
    small_talk.thanks,
    identity.identity,
    facts.known_fact,
)


def name_memory(rng: Random) -> Script:
    """Tell a name, perhaps talk about something else, ask for the name."""
    name = any_person(rng)
    typed = name.lower() if rng.random() < 0.3 else name
    told = rng.choice(_TOLD).format(name=typed)
    script = [
        Exchange(
            "name told",
            "social",
            told,
            rng.choice(_GREETED).format(name=typed),
            f"Hi {typed}.",
            about=(typed,),
            verbatim=(typed,),
        )
    ]
    if rng.random() < 0.15:
        script += _friend_told(rng)
    script += _fillers(rng)
    script.append(
        Exchange(
            "name memory",
            "question",
            rng.choice(_ASKED),
            f"Your name is {typed}.",
            f"It is {typed}.",
            expects=(typed,),
            about=("your name is",),
            key=name,
        )
    )
    return script


def thing_memory(rng: Random) -> Script:
    """Tell one or two things about oneself and ask for one of them."""
    rows_told = rng.sample(_THINGS, rng.choices((1, 2), weights=(2, 1))[0])
    told = [_Thing(row, rng) for row in rows_told]
    script = [thing.told for thing in told]
    script += _fillers(rng)
    return [*script, rng.choice(told).asked]


def not_told(rng: Random) -> Script:
    """Ask for something that was never told."""
    if rng.random() < 0.6:
        prompt, what = rng.choice(_ASKED), "your name"
    else:
        prompt, what = rng.choice(rng.choice(_THINGS[:4])[2].split("/")), "that"
    return [
        Exchange(
            "not told", "social", prompt, f"You have not told me {what} yet.", "You never told me.", about=("told me",)
        )
    ]


class _Thing:
    """Something told, and the question for it."""

    def __init__(self, row: tuple[str, ...], rng: Random) -> None:
        told, noted, asked, answer, source = row
        x, pet = _draw(source, rng), rng.choice(_PETS)
        self.told = Exchange(
            "thing told",
            "social",
            rng.choice(told.split("/")).format(x=x, pet=pet),
            noted.format(x=x, pet=pet),
            f"Noted, {x}.",
            about=(x,),
            verbatim=(x,),
        )
        prompt, whole = rng.choice(asked.split("/")).format(pet=pet), answer.format(x=x, pet=pet)
        self.asked = Exchange(
            "thing memory",
            "question",
            prompt,
            whole,
            f"It is {x}.",
            expects=(x,),
            about=(whole.split(x)[0].strip() or x,),
            key=f"{prompt}|{x}",
        )


def _draw(source: str, rng: Random) -> str:
    if source == "place":
        return place(rng)
    if source == "name":
        return person(rng)
    if source == "word":
        return person(rng).lower()
    if source == "number":
        return str(rng.randint(1, 99))
    known = {"colour": _COLOURS, "animal": _ANIMALS, "food": _FOODS, "hobby": _HOBBIES, "job": _JOBS, "day": _DAYS}
    return rng.choice(known[source])


def _friend_told(rng: Random) -> Script:
    name = person(rng)
    told = rng.choice(_FRIEND_TOLD).format(name=name)
    return [
        Exchange(
            "friend told",
            "social",
            told,
            f"It is nice to hear about your friend {name}!",
            f"Noted, {name}.",
            about=(name,),
            verbatim=(name,),
        )
    ]


def friend_memory(rng: Random) -> Script:
    """Tell the names of oneself and a friend, ask for the friend's."""
    script = _friend_told(rng)
    friend = script[0].verbatim[0]
    if rng.random() < 0.6:
        name = person(rng)
        told = Exchange(
            "name told",
            "social",
            rng.choice(_TOLD).format(name=name),
            f"Hello {name}! How can I help you?",
            f"Hi {name}.",
            about=(name,),
            verbatim=(name,),
        )
        script = [told, *script] if rng.random() < 0.5 else [*script, told]
    script += _fillers(rng)
    prompt = rng.choice(_FRIEND_ASKED)
    asked = Exchange(
        "thing memory",
        "question",
        prompt,
        f"Your friend is called {friend}.",
        f"It is {friend}.",
        expects=(friend,),
        about=("your friend",),
        key=f"{prompt}|{friend}",
    )
    return [*script, asked]


def _fillers(rng: Random) -> Script:
    count = rng.choices((0, 1, 2), weights=(6, 3, 1))[0]
    return [exchange for _ in range(count) for exchange in rng.choice(_FILLERS)(rng)]
