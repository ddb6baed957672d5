"""A phrasebook from English into French, Spanish and Chinese."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script

_PHRASES: dict[str, tuple[str, str, str]] = {
    "hello": ("bonjour", "hola", "你好"),
    "goodbye": ("au revoir", "adiós", "再见"),
    "thank you": ("merci", "gracias", "谢谢"),
    "please": ("s'il vous plaît", "por favor", "请"),
    "yes": ("oui", "sí", "是"),
    "no": ("non", "no", "不"),
    "good morning": ("bonjour", "buenos días", "早上好"),
    "good night": ("bonne nuit", "buenas noches", "晚安"),
    "excuse me": ("excusez-moi", "disculpe", "打扰一下"),
    "I am sorry": ("je suis désolé", "lo siento", "对不起"),
    "I love you": ("je t'aime", "te quiero", "我爱你"),
    "how are you": ("comment allez-vous", "cómo estás", "你好吗"),
    "my friend": ("mon ami", "mi amigo", "我的朋友"),
    "water": ("eau", "agua", "水"),
    "bread": ("pain", "pan", "面包"),
    "house": ("maison", "casa", "房子"),
    "cat": ("chat", "gato", "猫"),
    "dog": ("chien", "perro", "狗"),
    "book": ("livre", "libro", "书"),
    "tea": ("thé", "té", "茶"),
    "where is the station": ("où est la gare", "dónde está la estación", "车站在哪里"),
    "I do not understand": ("je ne comprends pas", "no entiendo", "我不明白"),
    "see you tomorrow": ("à demain", "hasta mañana", "明天见"),
    "one": ("un", "uno", "一"),
    "two": ("deux", "dos", "二"),
    "three": ("trois", "tres", "三"),
}
_LANGUAGES = ("French", "Spanish", "Chinese")
_ASK = ('How do you say "{phrase}" in {language}?', "How do you say {phrase} in {language}?", "Translate {phrase} into {language}.",
        "What is {phrase} in {language}?", 'Translate "{phrase}" to {language}.', "Say {phrase} in {language}.",
        "How do I say {phrase} in {language}?", "What does {phrase} mean in {language}?")  # fmt: skip


def translation(rng: Random) -> Script:
    """A word or phrase in another language."""
    phrase = rng.choice(tuple(_PHRASES))
    i = rng.randrange(3)
    language, foreign = _LANGUAGES[i], _PHRASES[phrase][i]
    answer = f'In {language}, "{phrase}" is "{foreign}".'
    short = f"{foreign[0].upper()}{foreign[1:]}."
    return [
        Exchange(
            "translation", "task", rng.choice(_ASK).format(phrase=phrase, language=language), answer, short, (foreign,)
        )
    ]
