import { addDate, type Contact } from "../contacts/contact.ts";
import { parsePartialDate } from "../contacts/partial-date.ts";
import { splitCardValue } from "./parse-card-line.ts";

/** By the numbers of Android's ContactsContract; 0 is a word of the person's own, which follows. */
const relations =
  "assistant,brother,child,domestic partner,father,friend,manager,mother,parent,partner,referred by,relative,sister,spouse".split(
    ",",
  );
const events = ["anniversary", "other", "birthday"];

/** `X-ANDROID-CUSTOM:vnd.android.cursor.item/relation;Masha;14;`: what Android keeps beyond its cards. False: it has no place in a contact. */
export function readAndroidCustom(contact: Contact, value: string): boolean {
  const [kind = "", said = "", type = "", own = ""] = splitCardValue(value, ";");
  if (said === "") return true;
  const labelOf = (known: readonly string[]) => known[Number(type) - 1] ?? (own || "other");
  const name = kind.replace("vnd.android.cursor.item/", "");
  const date = name === "contact_event" ? parsePartialDate(said) : undefined;
  if (name === "nickname") contact.name.nicknames.push(said);
  else if (name === "relation") contact.relations.push({ type: labelOf(relations), name: said });
  else if (date !== undefined) addDate(contact, { label: labelOf(events), date });
  else return false;
  return true;
}
