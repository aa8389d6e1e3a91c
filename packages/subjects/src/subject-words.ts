/**
 * The word lists behind subject similarity: words without meaning, words that
 * nearly every subject has, words that mean the same, and words of which two
 * different ones make two subjects. English first; a few German ones, because a
 * wrong list is worse than none.
 */
// tidy: lists of words, named for what they are lists of.

const list = (text: string): string[] => text.trim().split(/\s+/);

/** Carry no subject. */
export const stopWords: ReadonlySet<string> = new Set(
  list(`
    a an the and or but of to in on at by for from with without into onto off out up over under about above as is are was were be been being it its
    this that these those there here i me my we us our you your he him his she her they them their who whom what whats which when where why how
    do does did doing done has have had having can could will would shall should may might must not no so such too very just than then also
    because while if s t re ve ll d m some any all each every own via per vs versus regarding concerning psa please let lets s' it's people one's come came
    der die das den dem des ein eine einen einem einer und oder aber von zu zum zur im am auf fur mit ohne uber ist sind war wie was wer wo wann warum
    man so gehts geht nicht auch noch nur als bei nach vor aus an ich wir ihr sie er es mein dein sein
  `),
);

/** Say what kind of text it is or that something is to be done: present in many subjects, they separate few. */
export const faintWords: ReadonlySet<string> = new Set(
  list(`
    post blog article tweet thread video guide tip tutorial introduction explain report review note list draft write read publish announce release
    remind notify reply tell ask send make use set look understand learn work find get keep new good best better more most first last short long weekly
    daily monthly today yesterday tomorrow week month year day morning big small thing way reason practice idea subject news update live
    highlight special simple easy quick part chapter series public
    about need want try go know show choose mean happen change
  `),
);

/** Words before which a number counts items ("7 tips") and names nothing. */
export const countedWords: ReadonlySet<string> = new Set(
  list(`tip way thing reason practice idea step lesson example trick rule mistake best fact question`),
);

const sameMeaning: string[] = [
  "announce launch ship unveil introduce",
  "post tweet toot",
  "publish live out",
  "explain understand explanation meaning",
  "introduction intro opening beginner basics primer newcomer starter",
  "guide tutorial howto walkthrough handbook tip advice hint trick",
  "compare comparison versus contrast",
  "reply answer respond response",
  "remind reminder notify notification inform",
  "mail email message",
  "buy purchase order",
  "book reserve reservation booking",
  "present gift",
  "fix repair mend solve",
  "tap faucet",
  "leak drip",
  "power electricity energy",
  "consumption usage",
  "reduce cut lower decrease optimise optimize optimisation optimization trim shrink",
  "cost price expense spend pricing",
  "fast quick performance speed faster quicker",
  "move migrate migration transfer port",
  "city urban town",
  "company business firm enterprise",
  "autumn fall",
  "photo picture image",
  "movie film",
  "kid child children",
  "code program programming coding",
  "teach lesson instruct",
  "summary summarise summarize recap digest",
  "async asynchronous",
  "postgres postgresql",
  "kubernetes k8s",
  "javascript js",
  "typescript ts",
  "local locally",
  "inference run",
  "release version",
  "pay paid payment overdue due",
  "shut turn switch",
  "meet meeting call appointment",
  "setup configure install installation setting",
  "obligation mean",
  "trip travel journey vacation holiday",
  "recipe bake cook",
  "backen backt gebacken",
];

/** Word → the first word of its group. */
export const canonicalWords: ReadonlyMap<string, string> = new Map(
  sameMeaning.flatMap((group) => {
    const words = list(group);
    return words.map((word) => [word, words[0] ?? word] as const);
  }),
);

export const numberWords: ReadonlyMap<string, string> = new Map(
  list("zero one two three four five six seven eight nine ten eleven twelve").map(
    (word, value) => [word, String(value)] as const,
  ),
);

/** Sets of values of which a subject has one: two subjects with different values are two subjects. */
export const exclusiveWords: readonly ReadonlySet<string>[] = [
  list(
    "monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag",
  ),
  list("january february march april june july august september october november december"),
  list("spring summer autumn winter"),
  list("setup uninstall"),
  list("buy sell"),
  list("import export"),
  list("enable disable"),
  list("open close"),
  list("start stop"),
  list("before after"),
  list("win lose"),
].map((words) => new Set(words));
