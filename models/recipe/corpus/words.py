"""Common words that several intents draw from."""

from __future__ import annotations

from models.recipe.corpus.tables import entries

THINGS = entries("""
kite, ball, bike, hat, book, boat, drum, lamp, box, coat, bag, cup, key, clock, chair, table, ring, mirror, bell, basket,
bottle, candle, rope, ladder, blanket, pillow, map, coin, flute, violin, tent, shovel, bucket, brush, pen, scarf, boot,
watch, vase, plate, spoon, camera, radio, phone, letter, umbrella, wheel, whistle, hammer, helmet
""")
ANIMALS = entries(
    "dog, cat, rabbit, horse, parrot, goat, duck, pony, turtle, mouse, fox, owl, bear, frog, sheep, cow, pig, hen, goose, wolf"
)
COLOURS = entries("red, blue, green, yellow, black, white, brown, pink, purple, grey, orange, golden")
ROOMS = entries(
    "garden, kitchen, barn, attic, cellar, garage, library, shed, hall, bedroom, bathroom, workshop, stable, office"
)
PLACES = entries(
    "market, park, school, station, harbour, museum, church, castle, bakery, beach, forest, hospital, theatre, farm, airport, zoo"
)
DAYS = entries("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
VEHICLES = entries("train, bus, boat, car, plane, bike, taxi, ferry, tram")
JOBS = entries("""
teacher, nurse, baker, farmer, pilot, painter, cook, writer, singer, gardener, carpenter, doctor, dentist, plumber,
waiter, sailor, tailor, barber, judge, lawyer, driver, guard, clown, actor, dancer, soldier, librarian, mechanic
""")
DISHES = entries("soup, rice, noodles, pancakes, curry, pie, pasta, stew, salad, porridge, dumplings, omelette")
MATERIALS = entries("wood, paper, stone, glass, iron, clay, wool, straw, leather, cardboard")
SKILLS = entries(
    "swim, sing, paint, dance, cook, juggle, ski, sail, knit, draw, play chess, ride a horse, play the piano"
)
OCCASIONS = entries("birthday, wedding, holiday, party, festival, anniversary, graduation")
MOODS = entries("happy, sad, tired, angry, proud, surprised, nervous, excited, worried, calm")
WEATHERS = entries("sunny, rainy, windy, snowy, foggy, cloudy, stormy, warm, cold")
NATURE = entries(
    "river, moon, star, tree, mountain, lake, cloud, wind, flower, island, cave, bridge, tower, village, snow, rain, sea, hill, storm, road"
)
FRUITS = entries("apples, pears, plums, bananas, grapes, cherries, lemons, peaches, oranges, melons, figs, berries")
SHORT_WORDS = entries("""
cat, dog, sun, hat, bed, cup, pen, box, car, bus, map, key, egg, ice, fox, owl, bee, cow, pig, hen, red, blue, green, pink,
house, mouse, horse, table, chair, apple, bread, water, happy, money, music, night, light, river, beach, train, plane,
school, garden, flower, window, kitten, puppy, rabbit, monkey, banana, orange, cheese, butter, winter, summer, spring,
autumn, friend, family, mother, father, sister, brother, doctor, teacher, letter, pencil, paper, bottle, candle, castle,
dragon, wizard, island, ocean, planet, rocket, robot, castle, bridge, forest, mountain, yellow, purple, little, people,
hello, please, thanks, sorry, world, story, dream, heart, smile, laugh, dance, paint, clock, phone, radio, lamp, door,
wall, roof, tree, leaf, rain, snow, wind, cloud, storm, bird, fish, frog, duck, goat, wolf, bear, lion, tiger, zebra,
snake, whale, shark, spoon, knife, plate, soup, rice, cake, honey, sugar, salt, milk, tea, coffee, juice, lemon, grape
""")
PERSONS = entries("""
my neighbour, my boss, my wife, my husband, my brother, my sister, my teacher, my friend, my ex, my classmate, my roommate,
my uncle, a child, a stranger, someone, somebody, a person, people, a man, a woman, a policeman, a politician, the president,
my mother, my father, my colleague, an old lady, a student, a tourist, my girlfriend, my boyfriend, him, her, a baby
""")
