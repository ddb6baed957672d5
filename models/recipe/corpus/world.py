"""The closed world: tables of everything that the model is told about it."""

from __future__ import annotations

from models.recipe.corpus.tables import entries, pairs, rows

# country | capital | continent | language
COUNTRIES = rows("""
France | Paris | Europe | French
Germany | Berlin | Europe | German
Italy | Rome | Europe | Italian
Spain | Madrid | Europe | Spanish
Portugal | Lisbon | Europe | Portuguese
England | London | Europe | English
Ireland | Dublin | Europe | English
Scotland | Edinburgh | Europe | English
Norway | Oslo | Europe | Norwegian
Sweden | Stockholm | Europe | Swedish
Finland | Helsinki | Europe | Finnish
Denmark | Copenhagen | Europe | Danish
Iceland | Reykjavik | Europe | Icelandic
Poland | Warsaw | Europe | Polish
Austria | Vienna | Europe | German
Hungary | Budapest | Europe | Hungarian
Greece | Athens | Europe | Greek
Turkey | Ankara | Asia | Turkish
Russia | Moscow | Europe | Russian
Ukraine | Kyiv | Europe | Ukrainian
Belgium | Brussels | Europe | Dutch
Romania | Bucharest | Europe | Romanian
Croatia | Zagreb | Europe | Croatian
Switzerland | Bern | Europe | German
China | Beijing | Asia | Chinese
Japan | Tokyo | Asia | Japanese
India | New Delhi | Asia | Hindi
South Korea | Seoul | Asia | Korean
Thailand | Bangkok | Asia | Thai
Vietnam | Hanoi | Asia | Vietnamese
Indonesia | Jakarta | Asia | Indonesian
Iran | Tehran | Asia | Persian
Iraq | Baghdad | Asia | Arabic
Israel | Jerusalem | Asia | Hebrew
Nepal | Kathmandu | Asia | Nepali
Egypt | Cairo | Africa | Arabic
Morocco | Rabat | Africa | Arabic
Kenya | Nairobi | Africa | Swahili
Nigeria | Abuja | Africa | English
Ghana | Accra | Africa | English
Ethiopia | Addis Ababa | Africa | Amharic
Tunisia | Tunis | Africa | Arabic
Senegal | Dakar | Africa | French
Canada | Ottawa | North America | English
Mexico | Mexico City | North America | Spanish
Cuba | Havana | North America | Spanish
Jamaica | Kingston | North America | English
Brazil | Brasilia | South America | Portuguese
Argentina | Buenos Aires | South America | Spanish
Chile | Santiago | South America | Spanish
Peru | Lima | South America | Spanish
Colombia | Bogota | South America | Spanish
Bolivia | Sucre | South America | Spanish
Australia | Canberra | Oceania | English
New Zealand | Wellington | Oceania | English
""")

SOUNDS = pairs("""
cat: meow, dog: bark, cow: moo, sheep: baa, pig: oink, duck: quack, horse: neigh, lion: roar, wolf: howl, bee: buzz,
snake: hiss, frog: croak, owl: hoot, rooster: crow, donkey: bray, mouse: squeak
""")
YOUNG = pairs("""
dog: puppy, cat: kitten, cow: calf, sheep: lamb, horse: foal, pig: piglet, duck: duckling, lion: cub, hen: chick,
frog: tadpole, goat: kid, swan: cygnet, goose: gosling, kangaroo: joey, owl: owlet
""")
FOODS = pairs("""
cat: fish and mice, dog: meat, cow: grass, sheep: grass, horse: hay and oats, rabbit: carrots and leaves, panda: bamboo,
squirrel: nuts, bee: nectar, monkey: fruit, shark: fish, spider: flies, koala: eucalyptus leaves, owl: mice
""")
HOMES = pairs("""
bird: in a nest, bee: in a hive, dog: in a kennel, horse: in a stable, pig: in a sty, rabbit: in a burrow,
spider: in a web, bear: in a cave, fish: in the water, cow: in a barn, fox: in a den, ant: in an anthill
""")
LEGS = pairs("""
dog: four, cat: four, horse: four, spider: eight, ant: six, bee: six, bird: two, snake: no, fish: no, cow: four,
fly: six, duck: two, crab: ten
""")
COLOURS = pairs("""
the sky: blue, grass: green, snow: white, blood: red, a lemon: yellow, a carrot: orange, coal: black, a tomato: red,
milk: white, a banana: yellow, chocolate: brown, the sun: yellow, a strawberry: red, a cucumber: green, an elephant: grey,
a flamingo: pink, a crow: black, a polar bear: white, a leaf: green, an orange: orange, the sea: blue, salt: white
""")
OPPOSITES = pairs("""
hot: cold, big: small, fast: slow, up: down, happy: sad, day: night, old: young, rich: poor, full: empty, hard: soft,
light: dark, early: late, open: closed, loud: quiet, wet: dry, high: low, strong: weak, good: bad, left: right,
black: white, long: short, clean: dirty, thick: thin, heavy: light, sweet: sour, true: false, near: far, brave: afraid,
first: last, inside: outside, always: never, love: hate, begin: end, win: lose, buy: sell, push: pull, give: take
""")
PLURALS = pairs("""
cat: cats, dog: dogs, child: children, mouse: mice, house: houses, city: cities, box: boxes, foot: feet, tooth: teeth,
man: men, woman: women, book: books, baby: babies, leaf: leaves, fish: fish, tree: trees, goose: geese, knife: knives,
sheep: sheep, wolf: wolves, apple: apples, bus: buses, party: parties, tomato: tomatoes, person: people, key: keys
""")
PAST_TENSES = pairs("""
go: went, run: ran, see: saw, eat: ate, take: took, give: gave, come: came, sing: sang, write: wrote, buy: bought,
think: thought, speak: spoke, sleep: slept, swim: swam, drink: drank, drive: drove, know: knew, find: found, make: made,
say: said, sit: sat, fly: flew, begin: began, break: broke, catch: caught, teach: taught, walk: walked, play: played
""")
# one | what it does
JOBS = pairs("""
baker: bakes bread and cakes, teacher: teaches children at school, doctor: helps people who are ill, farmer: grows food,
pilot: flies planes, painter: paints pictures, cook: prepares meals, nurse: looks after patients, writer: writes books,
singer: sings songs, gardener: looks after gardens, carpenter: makes things out of wood, tailor: makes clothes,
butcher: sells meat, fisherman: catches fish, dentist: looks after teeth, vet: helps sick animals, plumber: repairs pipes,
postman: brings letters, librarian: looks after books, firefighter: puts out fires, barber: cuts hair, judge: decides in court,
sailor: works on a ship, mechanic: repairs cars, photographer: takes pictures, architect: plans houses, waiter: serves food
""")
# a thing | what it is for
TOOLS = pairs("""
a hammer: hitting nails, a saw: cutting wood, a pen: writing, a knife: cutting, a spoon: eating soup, a key: opening locks,
a lamp: making light, a clock: telling the time, a broom: sweeping the floor, an umbrella: keeping off the rain,
a map: finding the way, a needle: sewing, an oven: baking, a fridge: keeping food cold, a bed: sleeping, a chair: sitting,
a telescope: looking at the stars, scissors: cutting paper, a towel: drying, soap: washing, a ladder: climbing,
a compass: finding north, a thermometer: measuring temperature, a ruler: measuring length, a bridge: crossing a river,
a camera: taking pictures, a kettle: boiling water, a brush: painting
""")
# a thing | the kind of thing that it is
KINDS = pairs("""
apple: fruit, pear: fruit, banana: fruit, plum: fruit, carrot: vegetable, onion: vegetable, cabbage: vegetable, rose: flower,
tulip: flower, daisy: flower, oak: tree, pine: tree, birch: tree, dog: animal, horse: animal, whale: animal, eagle: bird,
robin: bird, duck: bird, salmon: fish, shark: fish, ant: insect, beetle: insect, butterfly: insect, hammer: tool, saw: tool,
piano: musical instrument, guitar: musical instrument, violin: musical instrument, flute: musical instrument,
chair: piece of furniture, table: piece of furniture, sofa: piece of furniture, hat: piece of clothing,
coat: piece of clothing, shirt: piece of clothing, car: vehicle, bus: vehicle, train: vehicle, tennis: sport,
football: sport, chess: game, tea: drink, coffee: drink, milk: drink, bread: food, cheese: food, gold: metal, iron: metal,
silver: metal, red: colour, blue: colour, Monday: day, July: month, summer: season, triangle: shape, circle: shape
""")
# a thing | what it is made of or from
MATERIALS = pairs("""
bread: flour and water, cheese: milk, butter: milk, paper: wood, glass: sand, wine: grapes, chocolate: cocoa beans,
wool: the hair of sheep, honey: nectar, a window: glass, a tyre: rubber, a candle: wax, ketchup: tomatoes, ice: water,
an omelette: eggs, a snowman: snow, jam: fruit and sugar, tofu: soya beans, silk: the threads of silkworms
""")
BODY = pairs("""
eyes: seeing, ears: hearing, a nose: smelling, a tongue: tasting, legs: walking, teeth: chewing, hands: holding things,
lungs: breathing, the heart: pumping blood, the brain: thinking, the skin: feeling, muscles: moving
""")
SIDES = pairs("triangle: three, square: four, pentagon: five, hexagon: six, octagon: eight, rectangle: four")
MONTH_DAYS = pairs("""
January: 31, February: 28, March: 31, April: 30, May: 31, June: 30, July: 31, August: 31, September: 30, October: 31,
November: 30, December: 31
""")
SYNONYMS = pairs("""
happy: glad, big: large, small: little, fast: quick, smart: clever, begin: start, angry: cross, pretty: beautiful,
tired: weary, rich: wealthy, scared: afraid, silent: quiet, ill: sick, gift: present, shut: close, difficult: hard
""")
RHYMES = pairs("""
cat: hat, house: mouse, tree: bee, light: night, rain: train, day: play, moon: spoon, star: car, book: cook, fish: dish,
snow: go, sun: fun, bear: chair, ring: king, boat: goat, fox: box, heart: art, sea: me, love: dove, tall: ball
""")
ROMAN = pairs("1: I, 2: II, 3: III, 4: IV, 5: V, 6: VI, 7: VII, 8: VIII, 9: IX, 10: X, 50: L, 100: C")
DAYS = entries("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
MONTHS = tuple(MONTH_DAYS)
PLANETS = entries("Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus, Neptune")
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

# phrasings, separated by / | whole answer | short answer
SINGLE_FACTS = rows("""
How many days are in a week?/How many days does a week have?/How long is a week? | A week has seven days. | Seven.
How many months are in a year?/How many months does a year have? | A year has twelve months. | Twelve.
How many weeks are in a year?/How many weeks does a year have? | A year has fifty-two weeks. | Fifty-two.
How many days are in a year?/How many days does a year have?/How long is a year? | A year has 365 days. | 365.
How many hours are in a day?/How long is a day?/How many hours does a day have? | A day has twenty-four hours. | Twenty-four.
How many minutes are in an hour?/How long is an hour? | An hour has sixty minutes. | Sixty.
How many seconds are in a minute?/How long is a minute? | A minute has sixty seconds. | Sixty.
How many years are in a century?/How long is a century? | A century has a hundred years. | A hundred.
How many letters are in the alphabet?/How long is the alphabet? | The alphabet has twenty-six letters. | Twenty-six.
How many continents are there?/How many continents does the earth have? | There are seven continents. | Seven.
How many planets are there?/How many planets does the solar system have? | There are eight planets around the sun. | Eight.
How many colours does a rainbow have?/How many colors are in a rainbow? | A rainbow has seven colours. | Seven.
How many fingers does a hand have?/How many fingers are on a hand? | A hand has five fingers. | Five.
How many wheels does a car have?/How many wheels are on a car? | A car has four wheels. | Four.
How many wheels does a bicycle have?/How many wheels are on a bike? | A bicycle has two wheels. | Two.
How many strings does a guitar have?/How many strings are on a guitar? | A guitar has six strings. | Six.
How many players are in a football team?/How many players does a football team have? | A football team has eleven players. | Eleven.
What is the largest planet?/Which planet is the biggest?/What's the biggest planet? | Jupiter is the largest planet. | Jupiter.
What is the smallest planet?/Which planet is the smallest? | Mercury is the smallest planet. | Mercury.
Which planet is the closest to the sun?/What planet is nearest to the sun? | Mercury is the planet closest to the sun. | Mercury.
Which planet do we live on?/What planet are we on? | We live on the planet Earth. | Earth.
Which planet has rings?/What planet has big rings? | Saturn is the planet with the big rings. | Saturn.
Which planet is red?/What is the red planet? | Mars is called the red planet. | Mars.
What is the largest ocean?/Which ocean is the biggest?/What's the biggest ocean? | The Pacific is the largest ocean. | The Pacific.
What is the highest mountain?/What is the tallest mountain of all?/Which mountain is the highest? | Mount Everest is the highest mountain. | Everest.
What is the longest river?/Which river is the longest? | The Nile is often called the longest river. | The Nile.
What is the largest country?/Which country is the biggest? | Russia is the largest country. | Russia.
What is the smallest country?/Which country is the smallest? | Vatican City is the smallest country. | Vatican City.
What is the largest desert?/Which hot desert is the biggest? | The Sahara is the largest hot desert. | The Sahara.
What is the largest continent?/Which continent is the biggest? | Asia is the largest continent. | Asia.
What is the largest animal?/Which animal is the biggest?/What's the biggest animal? | The blue whale is the largest animal. | The blue whale.
What is the tallest animal?/Which animal is the tallest? | The giraffe is the tallest animal. | The giraffe.
What is the fastest animal on land?/Which land animal is the fastest?/What is the fastest animal? | The cheetah is the fastest animal on land. | The cheetah.
What is the slowest animal?/Which animal is very slow? | The sloth is one of the slowest animals. | The sloth.
What is the largest bird?/Which bird is the biggest? | The ostrich is the largest bird. | The ostrich.
Which bird cannot fly?/Name a bird that cannot fly. | The penguin is a bird that cannot fly. | The penguin.
What is the king of the animals?/Which animal is the king of the jungle? | The lion is called the king of the animals. | The lion.
What is man's best friend?/Which animal is man's best friend? | The dog is called man's best friend. | The dog.
What do bees make?/Who makes honey?/Where does honey come from? | Bees make honey from flowers. | Honey, from bees.
Where do eggs come from?/Which animal lays eggs? | Hens lay the eggs that we eat. | From hens.
Where does milk come from?/Which animal gives milk? | Most milk comes from cows. | From cows.
Where does wool come from?/Which animal gives wool? | Wool comes from sheep. | From sheep.
At what temperature does water boil?/When does water boil?/How hot is boiling water? | Water boils at 100 degrees Celsius. | 100 degrees.
At what temperature does water freeze?/When does water freeze? | Water freezes at 0 degrees Celsius. | 0 degrees.
What is the sun?/Is the sun a star?/What is a star? | The sun is a star, a big ball of hot gas. | A star.
What is the moon?/What goes around the earth? | The moon is a ball of rock that goes around the earth. | A ball of rock.
What does the earth go around?/What is at the centre of the solar system? | The earth goes around the sun. | The sun.
Why is the sky blue?/Why does the sky look blue?/What makes the sky blue? | The sky is blue because air scatters blue light the most. | Air scatters blue light.
Why do leaves fall in autumn?/When do leaves fall from the trees? | Leaves fall in autumn, when trees get ready for winter. | In autumn.
What do plants need?/What does a plant need to grow?/What do plants need to live? | A plant needs light, water and air to grow. | Light, water and air.
What is rain?/Where does rain come from? | Rain is water that falls from the clouds. | Water from clouds.
What is ice?/What is frozen water called? | Ice is frozen water. | Frozen water.
What is snow?/What is snow made of? | Snow is made of small crystals of ice. | Ice crystals.
What is steam?/What does water become when it boils? | Steam is water that has become a gas. | Water as a gas.
What is a rainbow?/When can I see a rainbow?/What makes a rainbow? | A rainbow appears when the sun shines through rain. | Sun and rain.
What is a volcano?/What comes out of a volcano? | A volcano is a mountain from which hot lava comes. | A mountain with lava.
What is a desert?/Where does it almost never rain? | A desert is a place where it almost never rains. | A very dry place.
What is an island?/What is land with water all around? | An island is land with water all around it. | Land in the water.
What are the primary colours?/Name the primary colors./Which colours are primary? | The primary colours are red, yellow and blue. | Red, yellow and blue.
What do you get when you mix blue and yellow?/Which colour do blue and yellow make?/Mix blue and yellow. | Blue and yellow make green. | Green.
What do you get when you mix red and yellow?/Which colour do red and yellow make?/Mix red and yellow. | Red and yellow make orange. | Orange.
What do you get when you mix red and blue?/Which colour do red and blue make?/Mix red and blue. | Red and blue make purple. | Purple.
What do you get when you mix black and white?/Which colour do black and white make? | Black and white make grey. | Grey.
What are the four seasons?/Name the seasons./Which seasons are there? | The seasons are spring, summer, autumn and winter. | Spring, summer, autumn, winter.
Which season is the coldest?/What is the coldest season? | Winter is the coldest season. | Winter.
Which season is the warmest?/What is the hottest season? | Summer is the warmest season. | Summer.
In which direction does the sun rise?/Where does the sun rise? | The sun rises in the east. | In the east.
In which direction does the sun set?/Where does the sun set? | The sun sets in the west. | In the west.
What are the days of the week?/Name the days of the week. | They are Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday. | Monday to Sunday.
What are the vowels?/Name the vowels./Which letters are vowels? | The vowels are a, e, i, o and u. | A, e, i, o, u.
What are the five senses?/Name the five senses. | The five senses are sight, hearing, smell, taste and touch. | Sight, hearing, smell, taste, touch.
What do we breathe?/What do people need to breathe? | We breathe air, because we need the oxygen in it. | Air.
What pumps blood through the body?/Which organ pumps blood? | The heart pumps blood through the body. | The heart.
What is a baby?/What is a very young child called? | A baby is a very young child. | A young child.
What is H2O?/What is the formula of water?/What does H2O mean? | H2O is the formula of water. | Water.
What do you wear on your feet?/What goes on your feet? | People wear socks and shoes on their feet. | Shoes.
What do you wear on your head?/What goes on your head? | People wear a hat on their head. | A hat.
When is Christmas?/What day is Christmas? | Christmas is on the 25th of December. | In December.
When is New Year?/What is the first day of the year? | New Year is on the first of January. | On the first of January.
""")  # fmt: skip
