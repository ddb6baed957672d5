"""Lists of things and tips."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script

_THINGS: dict[str, tuple[str, ...]] = {
    "fruits": ("apples", "pears", "plums", "bananas", "grapes", "cherries"),
    "vegetables": ("carrots", "onions", "peas", "beans", "cabbage", "spinach"),
    "animals": ("dogs", "cats", "horses", "foxes", "owls", "whales"),
    "colours": ("red", "blue", "green", "yellow", "purple", "orange"),
    "countries": ("France", "Japan", "Canada", "Kenya", "Peru", "Italy"),
    "sports": ("football", "tennis", "swimming", "running", "skiing", "chess"),
    "drinks": ("water", "tea", "coffee", "milk", "juice", "lemonade"),
    "hobbies": ("reading", "painting", "cooking", "gardening", "singing", "hiking"),
    "tools": ("a hammer", "a saw", "a drill", "a screwdriver", "a wrench", "a ruler"),
    "birds": ("owls", "ducks", "eagles", "robins", "swans", "parrots"),
    "flowers": ("roses", "tulips", "daisies", "lilies", "violets", "poppies"),
    "jobs": ("a teacher", "a doctor", "a baker", "a farmer", "a pilot", "a painter"),
}
_TIPS: dict[str, tuple[str, ...]] = {
    "sleeping better": ("Go to bed at the same time every day.", "Keep your room dark and quiet.", "Put your phone away before bed.",
                        "Do not drink coffee in the evening."),
    "learning a language": ("Practise a little every day.", "Listen to songs and films.", "Speak with other people.", "Write new words on cards."),
    "saving money": ("Write down what you spend.", "Cook at home more often.", "Buy only what you need.", "Put some money aside every month."),
    "staying healthy": ("Eat many vegetables.", "Drink enough water.", "Go for a walk every day.", "Sleep for eight hours."),
    "making friends": ("Smile and say hello.", "Ask people about their day.", "Join a club or a class.", "Be kind and listen well."),
    "studying": ("Take short breaks.", "Turn off your phone.", "Make a plan for the day.", "Explain what you learned to a friend."),
    "being on time": ("Prepare your things the evening before.", "Set an alarm.", "Leave ten minutes early.", "Keep a clock in sight."),
    "a job interview": ("Read about the company.", "Practise your answers.", "Dress well and be on time.", "Ask good questions."),
    "reducing stress": ("Breathe slowly and deeply.", "Go for a walk outside.", "Talk to a friend.", "Take breaks from your work."),
    "growing plants": ("Give them enough light.", "Water them when the soil is dry.", "Use good soil.", "Watch for insects."),
    "writing better": ("Use short sentences.", "Read your text aloud.", "Leave out what is not needed.", "Ask a friend to read it."),
    "a long trip": ("Pack only what you need.", "Take water and a snack.", "Charge your phone.", "Bring a good book."),
}  # fmt: skip
_COUNTS = {"two": 2, "three": 3, "four": 4, "2": 2, "3": 3, "4": 4, "some": 3, "a few": 3}


def things(rng: Random) -> Script:
    """A list of things of one kind."""
    kind = rng.choice(tuple(_THINGS))
    word = rng.choice(tuple(_COUNTS))
    chosen = rng.sample(_THINGS[kind], _COUNTS[word])
    ask = (f"List {word} {kind}.", f"Name {word} {kind}.", f"Give me {word} {kind}.", f"Can you name {word} {kind}?",
           f"Tell me {word} {kind}.", f"Make a list of {word} {kind}.", f"I need {word} {kind}.")  # fmt: skip
    listed = f"{', '.join(chosen[:-1])} and {chosen[-1]}"
    answer = f"Here are {word} {kind}: {listed}."
    return [Exchange("list", "task", rng.choice(ask), answer, f"{listed[0].upper()}{listed[1:]}.", _THINGS[kind])]


def tips(rng: Random) -> Script:
    """Tips on an everyday topic."""
    topic = rng.choice(tuple(_TIPS))
    word = rng.choice(tuple(_COUNTS))
    chosen = rng.sample(_TIPS[topic], _COUNTS[word])
    ask = (f"Give me {word} tips for {topic}.", f"Tips for {topic}?", f"Do you have any tips for {topic}?", f"How can I get better at {topic}?",
           f"I need {word} tips for {topic}.", f"Any advice on {topic}?", f"What are {word} tips for {topic}?")  # fmt: skip
    prompt = rng.choice(ask)
    if word not in prompt:
        chosen = chosen[:2] + [tip for tip in _TIPS[topic] if tip not in chosen[:2]][:1]
    lines = "\n".join(f"{number}. {tip}" for number, tip in enumerate(chosen, start=1))
    expects = tuple(tip.lower() for tip in _TIPS[topic])
    return [Exchange("tips", "task", prompt, f"Here are some tips for {topic}:\n{lines}", chosen[0], expects)]
