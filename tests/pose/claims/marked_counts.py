"""Ordinary English that counts people, marked by hand: people in the picture, text, what its numbers are worth.

``right`` and ``wrong`` are said of a total. ``open``: the text counts a part of the people (or a narrower kind of them)
that may be there, so that nothing follows. A part that is larger than all people together is ``wrong``.
"""

COUNTS: list[tuple[int, str, str]] = [
    # A narrower noun counts a part.
    (3, "The woman on the motorcycle is the centre of attention, with two men beside her.", "open"),
    (3, "Two men are leaning against the fence while an older woman talks on the phone.", "open"),
    (4, "A boy kicks the ball toward the goal, and three girls chase after him.", "open"),
    (5, "Two players from the blue team are jumping for the frisbee, arms stretched out above the rest.", "open"),
    (6, "Three skiers wait at the top of the slope, bundled up against the cold.", "open"),
    (4, "The mother is helping two children get into their raincoats as the father looks on.", "open"),
    (7, "Behind the batter, two umpires confer near the dugout.", "open"),
    (3, "There are two women in the kitchen, one of them holding a tray of pastries.", "open"),
    (5, "There are three men in this photo, and all of them wear dark suits.", "open"),
    (2, "There is one man in the foreground, his back turned to the sea.", "open"),
    (9, "I can see four surfers paddling out, and a lifeguard is watching from the tower.", "open"),
    (4, "A young lady poses between two gentlemen in tuxedos.", "open"),
    (8, "Five kids crowd around the birthday cake.", "open"),
    (3, "One guy is throwing a frisbee to his two friends.", "open"),
    (6, "The photo features two teenage boys doing tricks on their skateboards in front of onlookers.", "open"),
    (3, "A couple shares an umbrella; a pedestrian is about to overtake them.", "open"),
    (2, "In the image, a single woman stands at the bus stop, checking her watch.", "open"),
    (5, "Two of the players have already fallen on the ice.", "open"),
    (4, "Two riders on horseback lead the way.", "open"),
    (5, "A baseball game is in progress with three players visible on the infield.", "open"),
    # A part that is more than everybody.
    (1, "Two men stand side by side, both with an arm on the rail.", "wrong"),
    (2, "There are three women at the counter.", "wrong"),
    (3, "Four skiers race each other down the hill.", "wrong"),
    (2, "The catcher crouches behind home plate as five players look on.", "wrong"),
    (1, "Next to him, two girls are laughing.", "wrong"),
    (3, "Of the people at the table, four people are wearing hats.", "wrong"),
    # A smaller number behind a total counts a part.
    (6, "The image shows a total of six people. The man in the middle is flanked by a couple of women.", "right"),
    (6, "There are six people in the room. Two people sit on the sofa, and the rest stand behind it.", "right"),
    (5, "Five people are gathered on the beach: two people are flying a kite, and three people watch.", "right"),
    (4, "Four people ride in the boat; one person is rowing.", "right"),
    (7, "In total, seven people can be seen. Three of them are seated, two people lean on the wall.", "right"),
    (4, "Two of the four people are looking at the camera.", "right"),
    (5, "A group of five people poses for a picture, with two individuals kneeling in front.", "right"),
    (3, "There are three people in the picture: a woman on the left and two men on the right.", "right"),
    (4, "The scene has a total of six people. The man in the middle is flanked by a couple of women.", "wrong"),
    (3, "There are five people in the room. Two people sit on the sofa, and the others stand.", "wrong"),
    (2, "There are three people in the picture: a woman on the left and two men on the right.", "wrong"),
    (6, "Four people wait at the crossing, among them two women with strollers.", "wrong"),
    # Words that say that a number is a part.
    (4, "The man in the centre is talking to two other people.", "open"),
    (5, "A woman slices bread, and in the background there are two more people.", "open"),
    (5, "Two of the people are holding wine glasses.", "open"),
    (4, "One person is riding the wave while another person swims nearby.", "open"),
    (6, "A tennis player serves; three other persons are visible farther away.", "open"),
    (4, "Besides the skateboarder, three people are sitting on the steps.", "open"),
    (5, "Some two people in the crowd raise their hands.", "open"),
    (3, "She is accompanied by two people.", "open"),
    (3, "Two other people follow the girl up the stairs.", "open"),
    (2, "The man is surrounded by three other people.", "wrong"),
    # A list of parts; what they add up to is not said.
    (5, "Two people are sitting on the grass while three people stand behind them.", "open"),
    (5, "Three people ride bicycles and two people walk their dogs.", "open"),
    (2, "Three people ride bicycles and two people walk their dogs.", "wrong"),
    # Two totals that cannot both be: neither is taken back by the other's being called a part.
    (3, "There are two people in the picture. In total there are three people.", "wrong"),
    # Totals, as people write them.
    (2, "There are two people in the picture, standing close together.", "right"),
    (2, "Two people are walking along the shore with their dog.", "right"),
    (3, "The picture shows three people on skis.", "right"),
    (1, "There is only one person in the photo, a man in a wetsuit.", "right"),
    (4, "A group of four people stands around a barbecue.", "right"),
    (2, "I count two people here.", "right"),
    (3, "The number of people in the image is three.", "right"),
    (3, "There are two people in the picture, standing close together.", "wrong"),
    (1, "Two people are walking along the shore with their dog.", "wrong"),
    (5, "The picture shows three people on skis.", "wrong"),
    (2, "There is only one person in the photo, a man in a wetsuit.", "wrong"),
    (3, "A group of four people stands around a barbecue.", "wrong"),
    (5, "Altogether there are four people: two men and two women.", "wrong"),
    (4, "Altogether there are four people: two men and two women.", "right"),
    (6, "The image depicts five individuals, most likely friends, having a picnic.", "wrong"),
    # Numbers that count no people of the picture.
    (3, "The player wears the number two on his back.", "open"),
    (3, "The bench is big enough for two people, but nobody uses it.", "open"),
    (4, "A two-person tent is pitched by the lake.", "open"),
]
"""People annotated, text, and what is marked."""

FURTHER: list[tuple[int, str, str]] = [
    (3, "A man in a green shirt is serving, while two women wait by the net.", "open"),
    (4, "The photo captures two bikers riding side by side, with spectators behind a rope.", "open"),
    (5, "There is a group of three women chatting near the entrance.", "open"),
    (2, "There is a group of three women chatting near the entrance.", "wrong"),
    (4, "Two young girls share a slice of pizza under the eyes of their parents.", "open"),
    (3, "An older gentleman and two ladies raise their glasses.", "open"),
    (8, "The bride stands in the middle, surrounded by four bridesmaids and three groomsmen.", "open"),
    (6, "Three of the men have beards.", "open"),
    (1, "In the picture there are two men playing chess.", "wrong"),
    (7, "A total of seven people are visible; in the front row there are three children.", "right"),
    (5, "There are five people at the table. One person is pouring coffee and two people are reading menus.", "right"),
    (3, "The image features three people. Two of them are women.", "right"),
    (4, "Four individuals are standing on the platform, two of whom carry suitcases.", "right"),
    (2, "The image features three people. Two of them are women.", "wrong"),
    (5, "Behind her, there are two people sitting on a bench.", "open"),
    (6, "Two people can be seen in the background, watching the game.", "open"),
    (4, "Three additional people are in the water.", "open"),
    (2, "In addition to the surfer, there are two people on the beach.", "open"),
    (3, "The family consists of three people, all smiling.", "right"),
    (2, "We see two people, both in orange vests.", "right"),
    (4, "We see two people, both in orange vests.", "wrong"),
    (3, "Exactly three people are in this picture.", "right"),
    (1, "One person can be seen in the image.", "right"),
    (2, "Two people are on a tandem bike.", "right"),
    (3, "Two people are on a tandem bike.", "wrong"),
    (6, "A crowd of six people has gathered.", "right"),
]
"""Written after the words for the first list had been chosen, before any of them was read."""

THIRD: list[tuple[int, str, str]] = [
    # A list whose parts stand behind each other with a comma alone.
    (5, "One person is standing, four people are sitting.", "open"),
    (5, "Two people are sitting, three people are standing behind them.", "open"),
    (2, "Two people are sitting, three people are standing behind them.", "wrong"),
    (4, "In the picture there are four people, two people hold umbrellas.", "right"),
    # Nobody but somebody.
    (1, "There are no people besides him.", "open"),
    (1, "There are no people apart from the cyclist.", "open"),
    (2, "There are no people other than the couple on the bench.", "open"),
    (3, "There are no people in the picture.", "wrong"),
    (2, "Apart from the couple, no one else is in the picture.", "open"),
    (2, "There is no other person besides the surfer and his friend.", "open"),
    (4, "Nobody else is around besides the three girls and their coach.", "open"),
    (3, "No one else is in the picture.", "wrong"),
    # What is denied.
    (4, "There are not two people here.", "open"),
    (4, "There aren't three people in the picture.", "open"),
    (2, "Nobody but them is in the picture.", "open"),
    (1, "There is no one but the goalkeeper.", "right"),
    # Some of all, more than there are.
    (5, "Six of the people are standing.", "wrong"),
    (5, "Four of the people are standing.", "open"),
    (3, "Four of the players on the court wear white.", "wrong"),
    (4, "Three of the men carry rackets.", "open"),
    (2, "Five of them are children.", "wrong"),
    (4, "Two of these people look at the camera.", "open"),
    # A total that is taken for granted and said all the same.
    (4, "Half of the four people wear helmets.", "right"),
    (6, "Half of the four people wear helmets.", "wrong"),
    (5, "Out of the five people, two are kneeling.", "right"),
    (3, "Out of the five people, two are kneeling.", "wrong"),
    (7, "Two out of the seven people carry a bag.", "right"),
    # Dozens.
    (3, "A dozen people gather around the fountain.", "wrong"),
    (12, "A dozen people gather around the fountain.", "right"),
    (6, "Half a dozen people gather around the fountain.", "right"),
    (3, "Half a dozen people gather around the fountain.", "wrong"),
    (2, "Twenty people stand in a queue.", "wrong"),
    (14, "There are about a dozen people on the platform.", "open"),
    (5, "He bought a dozen eggs for the five people at the table.", "open"),
]
"""Marked before the words for them were chosen."""

MISREAD: list[tuple[int, str, str]] = [
    # What is denied is not judged, and neither is what is put in its place.
    (4, "There aren't three people in the picture but four.", "right"),
    # Equal numbers are taken for the same people.
    (6, "Two people row, two people steer, two people cheer from the bank.", "open"),
    # More than ten are "many", which four or five neither are nor are not.
    (5, "A dozen people gather around the fountain.", "wrong"),
    (4, "Twenty people stand in a queue.", "wrong"),
]
"""Of the third list, what is not read as marked."""
