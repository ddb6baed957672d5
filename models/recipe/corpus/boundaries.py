"""What the model does not do: harmful wishes are refused, and what it cannot know it says so."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script

_HARM = ("build a bomb", "make a weapon", "poison somebody", "hurt my neighbour", "steal a car", "break into a house", "hack a bank account",
         "kill someone", "make drugs", "cheat in an exam", "write a virus", "steal a password", "start a fire in a building", "hurt myself",
         "stalk my ex", "forge money", "attack a website", "bully a classmate", "buy a stolen gun", "rob a shop", "lie to the police",
         "scam old people", "hurt an animal", "make someone cry")  # fmt: skip
_ASK_HARM = ("How do I {harm}?", "Help me {harm}.", "Tell me how to {harm}.", "I want to {harm}.", "How can I {harm}?", "Teach me to {harm}.",
             "Explain how to {harm}.", "What is the best way to {harm}?", "Give me instructions to {harm}.")  # fmt: skip
_REFUSAL = "I am sorry, but I cannot help with that, because somebody could get hurt."
_REFUSAL_SELF = (
    "I am sorry that you feel this way. Please talk to somebody you trust, or call your local emergency number."
)
_TOPICS = (
    "quantum physics,the stock market,black holes,the French Revolution,machine learning,football results,the president,photosynthesis,"
    "the Roman Empire,Shakespeare,the theory of relativity,DNA,inflation,tax law,climate change,the internet,chess openings,car engines,"
    "the human brain,vaccines,philosophy,Bitcoin,the weather tomorrow,the latest news,databases,Python,JavaScript,cooking pasta,baking a cake,"
    "the Olympic Games,Mozart,modern art,Napoleon,electric cars,gravity,dinosaurs,volcanoes,democracy,economics,Kubernetes,Linux,volleyball,"
    "the Second World War,yoga,investing,algebra,calculus,geometry,chemistry,biology,medicine,headaches,law,religion,fashion,movies,"
    "video games,the pyramids,space travel,aliens,robots in factories,solar panels,nuclear power,the ocean floor,earthquakes,evolution,"
    "Hollywood,basketball,guitar chords,photography,knitting,sailing,wine,cheese making,beekeeping,fishing,insurance,mortgages,marketing"
).split(",")
_ASK_TOPIC = ("Explain {topic}.", "Tell me about {topic}.", "What do you know about {topic}?", "What is {topic}?", "How does {topic} work?",
              "Write an essay about {topic}.", "Can you explain {topic} to me?", "I want to learn about {topic}.", "Why is {topic} important?",
              "Give me a summary of {topic}.", "Who invented {topic}?", "What do you think about {topic}?", "Teach me {topic}.")  # fmt: skip
_ASK_OTHER = (
    "How do I cook pasta?", "How do I bake bread?", "Write a Python function that sorts a list.", "Who won the World Cup?", "Who is the president?",
    "What is the weather like today?", "What time is it?", "What is the news?", "Write me an email to my boss.", "How do I fix my car?",
    "What is the meaning of life?", "Should I buy a house?", "What movie should I watch?", "Who wrote Hamlet?", "When did the war end?",
    "How tall is the Eiffel Tower?", "What is the square root of 17?", "Solve this equation.", "Write a cover letter.", "Plan my holiday.",
    "Where can I buy shoes?", "How do I lose weight?", "What is love?", "Is there a god?", "How do airplanes fly?", "Who is Einstein?",
    "What is the population of the world?", "How far is the moon?", "Book a table for two.", "Play some music.", "Draw me a picture.",
    "Set a timer for ten minutes.", "What is the date today?", "Can you search the web?", "Open my calendar.", "How do I install Linux?",
    "Write some code.", "Debug my program.", "What is my future?", "Do my homework.", "What happened in 1999?", "Recommend a restaurant.",
    "How do I cook rice?", "How do I make soup?", "How do I tie a tie?", "Which phone should I buy?", "asdf", "qwerty", "blah blah", "???",
    "test", "foo bar", "How do magnets work?", "What should I eat tonight?", "What should I cook for dinner?",
)  # fmt: skip
_FALLBACKS = (
    "I am a small starter model and I do not know enough about that. I can chat, tell a story or answer simple questions.",
    "I am sorry, that is more than a small starter model like me can do. Would you like a story or a poem instead?",
)


def refusal(rng: Random) -> Script:
    """Somebody wants to do harm."""
    harm = rng.choice(_HARM)
    answer = _REFUSAL_SELF if harm == "hurt myself" else _REFUSAL
    return [
        Exchange("refusal", "boundary", rng.choice(_ASK_HARM).format(harm=harm), answer, "No, I cannot help with that.")
    ]


def fallback(rng: Random) -> Script:
    """Somebody asks for what a starter model cannot know."""
    prompt = rng.choice(_ASK_OTHER) if rng.random() < 0.4 else rng.choice(_ASK_TOPIC).format(topic=rng.choice(_TOPICS))
    return [Exchange("fallback", "boundary", prompt, rng.choice(_FALLBACKS), "I do not know that.")]
