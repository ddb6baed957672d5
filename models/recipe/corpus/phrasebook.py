"""A phrasebook between English and French, Spanish and Chinese, both ways."""

from __future__ import annotations

from random import Random

from models.recipe.corpus import words
from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.tables import entries, rows

# English | French | Spanish | Chinese
_PHRASES = rows("""
hello | bonjour | hola | 你好
goodbye | au revoir | adiós | 再见
thank you | merci | gracias | 谢谢
please | s'il vous plaît | por favor | 请
yes | oui | sí | 是
good evening | bonsoir | buenas tardes | 晚上好
good night | bonne nuit | buenas noches | 晚安
excuse me | excusez-moi | disculpe | 打扰一下
I am sorry | je suis désolé | lo siento | 对不起
I love you | je t'aime | te quiero | 我爱你
how are you | comment allez-vous | cómo estás | 你好吗
my friend | mon ami | mi amigo | 我的朋友
my name is | je m'appelle | me llamo | 我叫
happy birthday | joyeux anniversaire | feliz cumpleaños | 生日快乐
see you tomorrow | à demain | hasta mañana | 明天见
where is the station | où est la gare | dónde está la estación | 车站在哪里
I do not understand | je ne comprends pas | no entiendo | 我不明白
how much is it | combien ça coûte | cuánto cuesta | 多少钱
I am hungry | j'ai faim | tengo hambre | 我饿了
water | eau | agua | 水
bread | pain | pan | 面包
milk | lait | leche | 牛奶
tea | thé | té | 茶
house | maison | casa | 房子
cat | chat | gato | 猫
dog | chien | perro | 狗
bird | oiseau | pájaro | 鸟
fish | poisson | pez | 鱼
book | livre | libro | 书
school | école | escuela | 学校
teacher | professeur | maestro | 老师
mother | mère | madre | 妈妈
father | père | padre | 爸爸
child | enfant | niño | 孩子
sun | soleil | sol | 太阳
moon | lune | luna | 月亮
tree | arbre | árbol | 树
flower | fleur | flor | 花
red | rouge | rojo | 红色
blue | bleu | azul | 蓝色
green | vert | verde | 绿色
big | grand | grande | 大
small | petit | pequeño | 小
today | aujourd'hui | hoy | 今天
one | un | uno | 一
two | deux | dos | 二
three | trois | tres | 三
four | quatre | cuatro | 四
five | cinq | cinco | 五
ten | dix | diez | 十
""")
_LANGUAGES = ("French", "Spanish", "Chinese")
_OTHER_LANGUAGES = entries(
    "German, Italian, Japanese, Russian, Arabic, Portuguese, Korean, Dutch, Swedish, Hindi, Latin, Greek, Turkish, Polish"
)
_UNKNOWN = tuple(word for word in words.THINGS + words.MATERIALS if word not in {row[0] for row in _PHRASES})
_ASK = ('How do you say "{p}" in {lang}?', "How do you say {p} in {lang}?", "Translate {p} into {lang}.", "What is {p} in {lang}?", 'Translate "{p}" to {lang}.',
        "Say {p} in {lang}.", "How do I say {p} in {lang}?", "{p} in {lang}?", "What's {p} in {lang}?", "What is the {lang} word for {p}?",
        "Translate this into {lang}: {p}")  # fmt: skip
_ASK_BACK = ('What does "{p}" mean?', "What does {p} mean?", "Translate {p} into English.", "What is {p} in English?", 'Translate "{p}" to English.',
             "What does the {lang} word {p} mean?", "How do you say {p} in English?", "Translate this into English: {p}")  # fmt: skip


def translation(rng: Random) -> Script:
    """A word or phrase into another language, or back into English."""
    if rng.random() < 0.1:
        return [_unknown(rng)]
    row = rng.choice(_PHRASES)
    i = rng.randrange(3)
    english, language, foreign = row[0], _LANGUAGES[i], row[i + 1]
    if rng.random() < 0.35:
        prompt = rng.choice(_ASK_BACK).format(p=foreign, lang=language)
        return [_exchange(prompt, f'In English, "{foreign}" is "{english}".', english, kept=foreign)]
    prompt = rng.choice(_ASK).format(p=english, lang=language)
    return [_exchange(prompt, f'In {language}, "{english}" is "{foreign}".', foreign)]


def _unknown(rng: Random) -> Exchange:
    if rng.random() < 0.5:
        prompt = rng.choice(_ASK).format(p=rng.choice(_PHRASES)[0], lang=rng.choice(_OTHER_LANGUAGES))
        answer = "I am a small starter model, and I know only a few phrases in French, Spanish and Chinese."
    else:
        prompt = rng.choice(_ASK).format(p=rng.choice(_UNKNOWN), lang=rng.choice(_LANGUAGES))
        answer = "I am a small starter model, and I do not know how to translate that."
    return Exchange(
        "unknown translation",
        "boundary",
        prompt,
        answer,
        "I do not know that.",
        expects=("small starter model",),
        about=("do not know",),
        key=prompt,
    )


def _exchange(prompt: str, answer: str, right: str, kept: str = "") -> Exchange:
    short = f"{right[0].upper()}{right[1:]}."
    about = (answer.split(",")[0].lower(),)
    return Exchange(
        "translation",
        "task",
        prompt,
        answer,
        short,
        expects=(f'"{right}".', short),
        about=about,
        verbatim=(kept,),
        key=f"{prompt}|{right}",
    )
