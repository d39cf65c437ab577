"""Nouns for people, and those that only look like one.

English makes nouns for people without end ("a kite flyer", "the bassist"): those in -er, -or, -ist, -ian, -eer and -man
are taken for people unless they stand in ``THINGS``; the others are listed.
"""

ROLES = """
observer reader acrobat mechanic
accountant adjutant admiral adolescent adult amateur ambassador ancestor angler apostle apprentice archbishop archer
architect artist assistant athlete attendant aunt auntie baby bachelor ballerina ballplayer barista baritone bartender
baserunner bassist bather batsman batter beachcomber beau beggar beginner being birdwatcher birthday-boy birthday-girl
bishop bloke bookworm boss boxer boy boyfriend brakeman bride bridegroom bridesmaid brother bully butler bystander
caddie caddy cadet cameraman camerawoman camper candidate captain caretaker cashier casualty catcher celebrant
celebrity cellist center-forward centre-forward chambermaid champ champion chap chauffeur cheerleader chef chemist
chess-player chief child choirboy choreographer chorister churchgoer civilian classmate clergyman clerk client climber
clown coach colonel commander commentator commuter companion comrade concertgoer conductor constable consultant
contestant cook corporal cousin cowboy cowgirl craftsman critic crossing-guard crossing-warden curator customer
cyclist dad daddy dancer daughter daydreamer deckhand defenseman dentist deputy descendant detective diner diplomat
disciple diva diver docent doctor dogsitter dogwalker donor drill-sergeant driver drum-major drummer duchess dude
duellist duke dwarf elder elf emcee emperor employee engineer enthusiast escort exhibitor expert fairy fan farmer
father fellow felon female fiance fiancee fiddler fielder figure firefighter fireman fisherman flautist florist
fly-half flyer footman foreigner foreman freediver freshman friend frontman gal gardener genius gent gentleman giant
girl girlfriend go-getter goalie goalkeeper goddess governess graduate graffiti-artist gran grandchild granddad
granddaughter grandfather grandma grandmother grandpa grandparent grandson granny groom groomsman guard guardian guest
guitarist gunman guru guy gymgoer gymnast hairdresser handyman harpist heckler heir heiress helmsman herald hero
heroine highlander hiker hitchhiker homeowner homesteader hooker horseman host hostess houseguest housekeeper
housewife human husband ice-skater idol individual infant infantryman infielder inhabitant inmate instructor intern
janitor jockey journalist judge judoka juggler junior juror karateka kayaker keeper kicker kid kindergartner king
knight laborer labourer lad laddie lady landlady landlord lass lassie laundress lawyer leadoff leaguer lecturer libero
librarian lieutenant lifeguard linebacker lineman linesman listener lodger lover lumberjack maestro magician
magistrate maid mailman majorette male man manservant marksman martyr mascot mason mate matron mayor mechanic medic
member merchant mermaid messenger midfielder midwife milkmaid millionaire minister model monk mother motorist
mountaineer mum mummy muscleman musician nanny neighbor neighbour nephew newborn newcomer newlywed newsboy newsreader
niece nightwatchman nobleman novelist novice nun nurse nymph oarsman oarswoman office-worker officer official
old-timer oldster onlooker opponent optician organist orphan outfielder owner padre painter pallbearer paperboy
parader paramedic paratrooper parent parishioner participant partner passenger passer-by passerby pastor pathologist
patient patrolman pedestrian pensioner percussionist performer person pharmacist physician physio pianist pilgrim
pilot pirate pitcher plaintiff playmate ploughman plumber poet point-guard policeman policewoman policewomen
politician pope popstar postman preacher president priest prince princess principal prisoner pro professional
professor prophet provost pugilist pundit punter pupil puppeteer quarterback quartermaster queen rabbi rancher raver
rebel receiver receptionist recruit referee refugee relative resident retiree returner reveller rider ringmaster rival
robber rock-climber roofer rookie roommate rower runner sage sailor saint sales-assistant salesman salesperson
saleswoman santa saxophonist scholar schoolboy schoolchild schoolgirl scientist scout scrum-half seaman seamstress
secretary senator senior sentry sergeant servant server setter shaman shepherd shepherdess sheriff shopkeeper shopper
shortstop showman sibling sir sister skateboarder skinhead skipper skydiver slave sleeper smoker snorkeler snorkeller
snowboarder soldier soloist son sophomore soprano soul speaker specialist spectator sportsman sportswoman spouse spy
squatter squire staffer stagehand stallholder star statesman stepfather stepmother steward stewardess stranger striker
stroller-pusher student student-nurse stuntman stuntwoman subject suitor sunbather superhero superstar surfer surgeon
survivor suspect sweeper sweetheart swimmer swordsman tailor tap-dancer tattooist teacher teammate technician teen
teenager telemarker tenant tenor therapist thief tightrope-walker toastmaster toddler tourist trader trainee traitor
trekker trespasser trombonist trumpeter tutor twin tycoon tyke umpire uncle undergraduate understudy undertaker usher
vacationer vagabond vampire vendor vet veteran vicar victim villain violinist virtuoso visitor vlogger vocalist
volunteer voyager waif waiter waitperson waitress walker wanderer warden warrior watchman weatherman wedding-guest
weightlifter weightwatcher welder widow widower wife window-cleaner winger wingman winner witch witness wizard woman
workman worshipper wrestler yachtsman yogi youngster youth youtuber zombie zookeeper
"""
"""People whose noun ends in no telling way, or is said often."""

THINGS = """
abscess accelerator access address after alligator alligator-skin altogether anchor another answer arbor ardor armor
armour assist awareness banner barrier bear beaver beer behavior behaviour beholder better bigger blazer blender bless
bomber-jacket border boulder boxer-short boxer-shorts brighter bumper burger burner business butter calculator
calendar calmness camper-van candor career carrier cauliflower censor center center-field centimeter chamber
chandelier chapter character-sheet charger charter chaser checklist cheddar cheer cheeseburger chess chowder cider
cinder clamor clear cleaver clipper cloister closeness closer clover cluster clutter coaster collar color colour
compress computer confess consist container contour conveyor cooler copper copper-top corner corner-kick cornflower
counter cover cracker crater crossover cruiser crystal cucumber cursor curtain cylinder cypress cyst dagger darker
darkness dear december decor deer detector diameter diaper differ dinner dipper disaster dishwasher disorder distress
divider dollar door dozer drawer dress dresser drier dryer dumpster duster ear easier easter either elevator ember
encounter equator eraser error escalator ether ever excess exist express exterior extinguisher eyeliner factor farther
fastener faster favor favour fear feather feather-duster fender fever fiber fibre filler filter finer finger fist
fitness fixer flavor flavour floor flower flutter flyover folder former fortress foyer freezer freighter freshener
fryer fullness further gather gear generator ginger ginger-beer gist glamor glamour glider glitter goodness grater
greater grinder grist guess gutter hairdryer hamburger hammer hamster hangar hanger hangover happiness harbor harbour
harder harness harvester header headliner hear heater heather heavier heist helicopter her higher hoist honor honour
hopper horror however humor humour hunger hydrofoil illness impress incinerator incubator indicator inner insist
interior jeer joist jumper juniper kilometer kilometre kindness labor labour ladder lantern larger later lather latter
lavender lawnmower layer layover leather ledger leer leftover lens less lesser letter letter-box lever lighter
lighter-than likeness liner lioness liquor list liter litre litter loader loafer lobster locker longer looseness
looser louder loudspeaker lower lucifer lumber luster luxor makeover manner manor marker matter mattress meander
median meridian mess meteor meter microwave millimeter minor mirror mist mixer moist moisturizer monitor monster
moreover mortar motor mower muffler murder muster narrower near nearer nectar neither never newsletter newspaper nicer
november number number-plate obsidian october odometer odor odour offer older oliver opener order other otter
outer outrigger over oyster pager pallor panther paper parlor parlour pasture pear peeler peer pepper percolator
perimeter persist pewter photographer pier pillar planer planner planter plaster platter playlist plunger poker polar
polymer possess poster powder power prayer press primer printer process processor progress projector propeller proper
protector pullover puncher pusher pushover quarter radar radiator rafter rather razor reactor readiness rear
recliner reflector refrigerator register regress remainder reminder repress resist resistor respirator revolver river
roller rollover rooster rotor router rubber rudder ruler rumor rumour safer salmon sandpaper saucer scanner scatter
scissor scooter scraper screener screwdriver sector semester semi-trailer sensor september sewer shaker sharpener
sheer shelter shipper shiver shorter shortlist shoulder shower shredder shutter sidewinder silencer silver similar
simulator singular sinker skewer skimmer skyscraper sleepover slicer slider slipper slower slumber smaller smother
snapper sneaker sneer snorkel snowplower softer solar spanner spatter spear spider spinner splendor splinter spoiler
sprinkler squalor stabiliser stabilizer stapler starter steamer steamroller steer sticker stillness stinger stoker
stopper straighter strainer streamer stress stretcher stroller stupor stutter success sugar summer sunflower
supercomputer superior supper suppress surrender suspender swagger sweater takeover taller tamer tamper tanker tar
tea-strainer tear temper tender tenor-clef terror tether theater theatre thermometer thicker thinner thriller thunder
tier tiger tighter tightness timber timer tincture tinder toaster together top-tier topper totter tower tower-block
tractor trailer transformer transistor trawler tremor trigger trimmer trouser trousers tumbler tumor tuner turner
turnover tweezer twist twister twitter typewriter udder ulterior under under-arm undress unless upper upper-body user
utter vacuum valor vapor vapour vector veneer ventilator vibrator viewer vigor vinegar visor voucher wafer wager waist
waiver walkover wallflower wallpaper washer water waver weakness wear weather whaler whatever whenever wherever whoever
whether whichever whimper whisker whisper wider wilderness winter wiper wish-list wither wonder woofer wrapper wrecker
wrist year yonder younger zipper
"""
"""Nouns in such endings that are none."""
