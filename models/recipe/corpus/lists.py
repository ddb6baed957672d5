"""Lists of things and tips."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.tables import entries, rows

_THINGS = {
    kind: entries(things)
    for kind, things in rows("""
fruits | apples, pears, plums, bananas, grapes, cherries
vegetables | carrots, onions, peas, beans, cabbage, spinach
animals | dogs, cats, horses, foxes, owls, whales
colours | red, blue, green, yellow, purple, orange
countries | France, Japan, Canada, Kenya, Peru, Italy
cities | Paris, Rome, London, Tokyo, Cairo, Lima
sports | football, tennis, swimming, running, skiing, cycling
drinks | water, tea, coffee, milk, juice, lemonade
hobbies | reading, painting, cooking, gardening, singing, hiking
tools | a hammer, a saw, a drill, a screwdriver, a wrench, a ruler
birds | owls, ducks, eagles, robins, swans, parrots
flowers | roses, tulips, daisies, lilies, violets, poppies
jobs | a teacher, a doctor, a baker, a farmer, a pilot, a painter
insects | ants, bees, flies, beetles, moths, crickets
trees | oaks, pines, birches, maples, willows, palms
planets | Mercury, Venus, Earth, Mars, Jupiter, Saturn
instruments | the piano, the guitar, the violin, the flute, the drum, the harp
vehicles | a car, a bus, a train, a plane, a boat, a bike
clothes | a shirt, a coat, a hat, a scarf, a skirt, a sock
desserts | cake, ice cream, pudding, pie, cookies, chocolate
""")
}
# topic | four tips
_TIPS = {
    row[0]: row[1:]
    for row in rows("""
sleeping better | Go to bed at the same time every day. | Keep your room dark and quiet. | Put your phone away before bed. | Do not drink coffee in the evening.
learning a language | Practise a little every day. | Listen to songs and films. | Speak with other people. | Write new words on cards.
saving money | Write down what you spend. | Cook at home more often. | Buy only what you need. | Put some money aside every month.
staying healthy | Eat many vegetables. | Drink enough water. | Go for a walk every day. | Sleep for eight hours.
making friends | Smile and say hello. | Ask people about their day. | Join a club or a class. | Be kind and listen well.
studying | Take short breaks. | Turn off your phone. | Make a plan for the day. | Explain what you learned to a friend.
being on time | Prepare your things the evening before. | Set an alarm. | Leave ten minutes early. | Keep a clock in sight.
a job interview | Read about the company. | Practise your answers. | Dress well and be on time. | Ask good questions.
reducing stress | Breathe slowly and deeply. | Go for a walk outside. | Talk to a friend. | Take breaks from your work.
growing plants | Give them enough light. | Water them when the soil is dry. | Use good soil. | Watch for insects.
writing better | Use short sentences. | Read your text aloud. | Leave out what is not needed. | Ask a friend to read it.
a long trip | Pack only what you need. | Take water and a snack. | Charge your phone. | Bring a good book.
a birthday party | Invite the guests early. | Bake a cake. | Choose some good music. | Prepare a few games.
a clean house | Put things back after use. | Clean a little every day. | Open the windows. | Give away what you do not need.
a good speech | Know your first sentence by heart. | Speak slowly. | Look at the people. | Keep it short.
learning the piano | Practise every day. | Start slowly. | Play each hand alone first. | Choose songs that you like.
""")
}
_COUNTS = {"two": 2, "three": 3, "four": 4, "2": 2, "3": 3, "4": 4, "some": 3, "a few": 3}
_ASK_THINGS = ("List {n} {kind}.", "Name {n} {kind}.", "Give me {n} {kind}.", "Can you name {n} {kind}?", "Tell me {n} {kind}.", "Make a list of {n} {kind}.",
               "I need {n} {kind}.", "Write down {n} {kind}.", "Do you know {n} {kind}?")  # fmt: skip
_ASK_TIPS = (
    "Give me {n} tips for {topic}.",
    "Can you give me {n} tips for {topic}?",
    "I need {n} tips for {topic}.",
    "What are {n} tips for {topic}?",
    "List {n} tips for {topic}.",
)
_ASK_ADVICE = ("Tips for {topic}?", "Do you have any tips for {topic}?", "Any advice on {topic}?", "I need help with {topic}.", "Can you give me advice on {topic}?",
               "What helps with {topic}?", "Give me tips for {topic}.")  # fmt: skip


def things(rng: Random) -> Script:
    """A list of things of one kind."""
    kind, count = rng.choice(tuple(_THINGS)), rng.choice(tuple(_COUNTS))
    chosen = _in_turn(_THINGS[kind], _COUNTS[count], rng)
    listed = f"{', '.join(chosen[:-1])} and {chosen[-1]}"
    prompt = rng.choice(_ASK_THINGS).format(n=count, kind=kind)
    short = f"{listed[0].upper()}{listed[1:]}."
    answer = f"Here are {count} {kind}: {listed}."
    return [
        Exchange(
            "list",
            "task",
            prompt,
            answer,
            short,
            expects=_turns(_THINGS[kind], _COUNTS[count]),
            about=(kind,),
            key=prompt,
        )
    ]


def tips(rng: Random) -> Script:
    """Tips on an everyday topic."""
    topic = rng.choice(tuple(_TIPS))
    count = rng.choice(tuple(_COUNTS))
    advice = rng.random() < 0.5
    prompt = rng.choice(_ASK_ADVICE if advice else _ASK_TIPS).format(n=count, topic=topic)
    chosen = _in_turn(_TIPS[topic], 3 if advice else _COUNTS[count], rng)
    numbered = "\n".join(f"{number}. {tip}" for number, tip in enumerate(chosen, start=1))
    right = tuple(f"1. {a}\n2. {b}" for a, b in zip(_TIPS[topic], (*_TIPS[topic][1:], _TIPS[topic][0]), strict=True))
    return [
        Exchange(
            "tips",
            "task",
            prompt,
            f"Here are some tips for {topic}:\n{numbered}",
            chosen[0],
            expects=right,
            about=(topic, *_TIPS[topic]),
            key=prompt,
        )
    ]


def _in_turn(items: tuple[str, ...], count: int, rng: Random) -> tuple[str, ...]:
    # In a fixed order from a random start: what comes next is then known, and nothing is named twice.
    start = rng.randrange(len(items))
    return tuple(items[(start + i) % len(items)] for i in range(count))


def _turns(items: tuple[str, ...], count: int) -> tuple[str, ...]:
    starts = range(len(items))
    turns = [[items[(start + i) % len(items)] for i in range(count)] for start in starts]
    return tuple(f"{', '.join(turn[:-1])} and {turn[-1]}." for turn in turns)
