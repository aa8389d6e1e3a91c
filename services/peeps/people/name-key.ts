/**
 * What two spellings of a name have in common: its words without accents, short forms as their long ones, sorted.
 * Equal keys are a reason to ask whether two are one, never to merge them.
 */

const shortForms: Record<string, string> = {
  alexander: "alex sascha sasha sandy xander",
  andrew: "andy drew",
  anthony: "tony",
  barbara: "barb babs",
  benjamin: "ben benny",
  catherine: "cathy kate katie kathy kat cat katherine kathryn",
  charles: "charlie chuck",
  christina: "tina christine",
  christopher: "chris kit",
  daniel: "dan danny",
  david: "dave davy",
  deborah: "deb debbie",
  edward: "ed eddie ned ted teddy",
  elizabeth: "liz lizzie beth betty eliza lisa bess",
  frederick: "fred freddie",
  gregory: "greg",
  henry: "harry hank",
  jacob: "jake",
  james: "jim jimmy jamie",
  jennifer: "jen jenny",
  john: "jack johnny",
  jonathan: "jon",
  joseph: "joe joey",
  joshua: "josh",
  lawrence: "larry",
  margaret: "maggie meg peggy greta",
  matthew: "matt",
  michael: "mike mick micky",
  nicholas: "nick nico niko",
  patricia: "pat patty tricia",
  peter: "pete",
  rebecca: "becca becky",
  richard: "rich rick dick ricky",
  robert: "bob bobby rob robbie bert",
  ronald: "ron",
  samuel: "sam sammy",
  stephen: "steve steven",
  susan: "sue susie",
  theodore: "theo",
  thomas: "tom tommy",
  timothy: "tim",
  victoria: "vicky tori",
  william: "bill billy will willy liam",
};

const longForm = new Map(
  Object.entries(shortForms).flatMap(([long, short]) => short.split(" ").map((name) => [name, long])),
);

/** Titles and placeholders. */
const silent = new Set("mr mrs ms miss dr prof sir herr frau jr sr ii iii".split(" "));

/** In small letters, without accents, titles, and what stands between them. */
export function nameWords(name: string): string[] {
  return name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "" && !silent.has(word));
}

export function nameKey(name: string): string {
  return [...new Set(nameWords(name).map((word) => longForm.get(word) ?? word))].sort().join(" ");
}

/** Whether the words of one are all among those of the other: `Ida` and `Ida Berg`. */
export function isSameName(key: string, other: string): boolean {
  const [words, others] = [new Set(key.split(" ")), new Set(other.split(" "))];
  return words.isSubsetOf(others) || others.isSubsetOf(words);
}
