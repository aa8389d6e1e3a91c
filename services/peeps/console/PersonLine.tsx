import type { PersonRecord } from "../contract/records.ts";
import { Initials } from "./Initials.tsx";
import styles from "./PersonLine.module.css";

/** A person in a list of choices: the name, and by what they are told from others. */
export function PersonLine({ person }: { person: PersonRecord }) {
  return (
    <span className={styles.person}>
      <Initials name={person.name} />
      <span>
        <b>{person.name}</b>
        <small>{tellEntry(person)}</small>
      </span>
    </span>
  );
}

function tellEntry({ handles, organization, isListed }: PersonRecord): string {
  const told = [organization, ...handles.slice(0, 2).map(({ value }) => value)].filter((text) => text !== null);
  return told.join(" · ") || (isListed ? "nothing else is known" : "known from messages only");
}
