"""Generates markdown that tries to get elements, scripts or requests into a page: each text from its own seed."""

import random

RUN = "window.__ran=1"
ELSEWHERE = "//127.0.0.1:9/beacon"

TAGS = (
    f"<img src=x onerror={RUN}>",
    f"<img src={ELSEWHERE}.png>",
    f"<script>{RUN}</script>",
    f"<svg onload={RUN}><a href='javascript:{RUN}'><text>t</text></a></svg>",
    f"<svg><style><img src=x onerror={RUN}></style></svg>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={RUN}></style></mglyph></table></mtext></math>",
    f"<form action={ELSEWHERE}><input name=attributes autofocus onfocus={RUN}><button>b</button></form>",
    "<div style='position:fixed;inset:0;z-index:9'>overlay</div>",
    "<a href='javascript&Tab;:window.__ran=1'>c</a>",
    "<a href='java&#10;script:window.__ran=1' style='position:fixed;inset:0'>c</a>",
    "<map name=m><area href='javascript:window.__ran=1' coords=0,0,9,9></map>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<video src={ELSEWHERE}.mp4 autoplay>",
    f"<link rel=stylesheet href={ELSEWHERE}.css><style>@import '{ELSEWHERE}.css';</style>",
    "<base href=//127.0.0.1:9/><meta http-equiv=refresh content='0;url=//127.0.0.1:9/beacon'>",
    "<span id=transcript class='controls formula modal' name=body>s</span>",
    f"<details open ontoggle={RUN}><summary>s</summary></details>",
    "<b>",
    "</b>",
    "<p title='<img src=x>'>",
    "</p>",
    "<table><tr><td>",
    "</table>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?x",
    "<!DOCTYPE x>",
    "<br>",
    "<template><img src=x></template>",
    "<noscript><img src=x></noscript>",
    "<x-y>",
    "<textarea>",
    "<title>",
    "<select><option>",
    "<xmp>",
    "<plaintext>",
    "<frameset>",
    "<a\n",
    "<",
)
LINKS = (
    "http://a",
    "https://a.b/c?d=e",
    "www.a.b",
    "mailto:a@b.c",
    "<http://a>",
    "<javascript:window.__ran=1>",
    "a@b.c",
    "[l](http://a)",
    "[l](javascript:window.__ran=1)",
    "[l](JaVa&Tab;ScRiPt:window.__ran=1)",
    "[l](<java script:x>)",
    "[l](\x01javascript:window.__ran=1)",
    "[l](data:text/html,<script>window.__ran=1</script>)",
    "[l](vbscript:x)",
    "[l](//127.0.0.1:9/beacon)",
    "[l](/ops)",
    "[l](#transcript)",
    "[l](file:///etc/passwd)",
    "[l](blob:x)",
    f"![i]({ELSEWHERE}.png)",
    f"![i][r]\n\n[r]: {ELSEWHERE}.png",
    "[l][r]\n\n[r]: javascript:window.__ran=1 't'",
    '[l](http://a "<img src=x onerror=window.__ran=1>")',
    "[l](http://a '\" onclick=window.__ran=1 x=\"')",
    "[",
    "](",
    "](http://a`)",
    "![",
    "[^1]",
    "[^1]: x",
    ")",
)
CODE = (
    "`",
    "``",
    "```",
    "```` ",
    "~~~",
    "```html\n",
    "```mermaid\ngraph TD; A-->B\n",
    "~~~python\n",
    '```"><img src=x>\n',
    "```a onclick=x\n",
    "    ",
    "\t",
    "`<b>`",
    "\\`",
)
BLOCKS = (
    "\n",
    "\n\n",
    "\r\n",
    "- ",
    "1. ",
    "> ",
    "# ",
    "| a | b |\n|---|:-:|\n",
    "|",
    "\n|",
    "---\n",
    "===\n",
    "* * *",
    "- [ ] ",
)
FORMULAS = (
    "$$",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "$",
    r"\(x^2<y\)",
    r"$$\frac{1}{2}$$",
    r"\[\sqrt{x}\]",
    r"$$\href{javascript:window.__ran=1}{x}$$",
    rf"\(\includegraphics{{{ELSEWHERE}.png}}\)",
    r"\(\htmlId{transcript}{x}\)",
    r"\(\htmlStyle{position:fixed;inset:0}{x}\)",
    r"\(\htmlClass{controls}{x}\)",
    r"\(\text{<img src=x onerror=window.__ran=1>}\)",
    r"$$\rule{9999em}{9999em}$$",
    r"$$\def\a{\a\a}\a$$",
    r"\(\color{red;position:fixed}x\)",
    r"\(\unicode{x3c}\)",
    r"\(\url{javascript:x}\)",
)
ENTITIES = (
    "&lt;img src=x&gt;",
    "&#60;script&#62;",
    "&colon;",
    "&NewLine;",
    "&quot;",
    "&amp;lt;",
    "&#0;",
    "&",
    "&#x6A;avascript:x",
)
WORDS = (
    "a",
    "word ",
    " ",
    "*",
    "**",
    "_",
    "__",
    "~~",
    "\\",
    "\\<",
    '"',
    "'",
    ">",
    "\u2028",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\x00",
    "\u202e",
    "😀",
    "é",
    "{{x}}",
    "${window.__ran=1}",
    "javascript:",
    "onerror=",
    "style=",
)

KINDS = (TAGS, LINKS, CODE, BLOCKS, FORMULAS, ENTITIES, WORDS)
WEIGHTS = (6, 4, 5, 5, 3, 1, 4)
# Constructs in which one parser sees code and another does not.
TRAPS = (
    "{link}` {tag} `",
    "a\n{fence}{tag}",
    "> a\n{fence}{tag}",
    "- a\n{fence}{tag}\n",
    "| a |\n|---|\n| b |\n{fence}{tag}",
    "[l]({link}`) {tag} `",
    "[l](http://a '`') {tag} `",
    "<{link}`> {tag} `",
    "`{tag}\n\n{tag}`",
    "    {tag}\n{tag}",
    "$${tag}$$",
    "| ` | {tag} |\n|---|---|\n| ` | x |",
    "{fence}\n{tag}\n{fence}{fence}\n{tag}",
    "1. {fence}\n{tag}\n   {fence}",
    "\\{fence} {tag} `",
    "{tag}\n{fence}\n{tag}",
    "> {fence}\n{tag}",
)


def nasty_text(seed: int) -> str:
    """One text; a third of them are cut anywhere, as in mid-stream."""
    chance = random.Random(seed)
    parts = [_part(chance) for _ in range(chance.randint(1, 10))]
    text = chance.choice(("", "", " ", "\n", "\n\n")).join(parts)
    return text[: chance.randint(1, len(text))] if chance.random() < 0.33 else text


def _part(chance: random.Random) -> str:
    if chance.random() < 0.25:
        fence = chance.choice(("```", "~~~", "````", "`", "``"))
        link = chance.choice(("http://a", "www.a.b", "https://a.b/c", "mailto:a@b.c", "ftp://a"))
        trap = chance.choice(TRAPS)
        return trap.replace("{tag}", chance.choice(TAGS)).replace("{fence}", fence).replace("{link}", link)
    return chance.choice(chance.choices(KINDS, WEIGHTS)[0])
